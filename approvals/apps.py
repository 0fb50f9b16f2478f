from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = "Approvals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from approvals import comparing, events, gating, jobs, services, snapshot, touched  # noqa: F401
        from approvals.services import filing, standing
        from teammcp.core import gate

        gate.set_gate(gating.PolicyGate(filing.known, filing.file, standing.use_standing))
