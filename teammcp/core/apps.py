from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "teammcp.core"
    label = "core"
    verbose_name = "Mechanism"
    default_auto_field = "django.db.models.BigAutoField"
