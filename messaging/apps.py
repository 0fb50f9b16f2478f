from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = "Messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import access, events, search, welcome  # noqa: F401 - they register themselves

        post_migrate.connect(search.ensure_index, sender=self)
