from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "teammcp.core"
    label = "core"
    verbose_name = "Mechanism"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from teammcp.core import postgresql, sql

        if sql.vendor() == "postgresql":
            postgresql.tolerate_nul()
