from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = "Messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import (  # noqa: F401 - they register themselves
            access,
            comparing,
            conditions,
            events,
            filetouched,
            intake,
            jobs,
            search,
            services,
            snapshot,
            touched,
            welcome,
        )
        from messaging.services import (  # noqa: F401 - the same
            handing_over,
            passing_on,
            projects,
            reminding,
        )

        connection_created.connect(search.prepare_connection)
        post_migrate.connect(search.ensure_index, sender=self)
