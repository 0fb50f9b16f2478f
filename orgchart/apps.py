from django.apps import AppConfig


class OrgchartConfig(AppConfig):
    name = "orgchart"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from orgchart import (  # noqa: F401 - they register themselves
            audiences,
            board,
            comparing,
            events,
            jobs,
            leading,
            snapshot,
            touched,
        )
