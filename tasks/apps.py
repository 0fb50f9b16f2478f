from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TasksConfig(AppConfig):
    name = "tasks"
    verbose_name = "Tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasks import (  # noqa: F401 - they register themselves
            calendars,
            comparing,
            conditions,
            events,
            jobs,
            search,
            services,
            snapshot,
            touched,
        )
        from tasks.services import (  # noqa: F401 - the same
            handing_blueprints_over,
            handing_over,
            handing_promises_over,
            leaving,
            leaving_projects,
        )

        post_migrate.connect(search.ensure_index, sender=self)
