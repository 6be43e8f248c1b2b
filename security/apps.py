from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "security"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from security import checks, signin  # noqa: F401, PLC0415 - models exist only now
        from security.mfa import renewal, trail  # noqa: PLC0415

        signin.connect()
        trail.connect()
        renewal.connect()
