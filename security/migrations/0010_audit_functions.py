"""What makes and guards the months of the trail is called by those alone who are given the right:
``give_rights`` lets the application make a month, which runs as the owner (ADR 15)."""

from django.db import migrations

FUNCTIONS = (
    "security_audit_add_month(integer, integer), security_audit_guard(text), "
    "security_audit_refuse()"
)


class Migration(migrations.Migration):
    dependencies = [("security", "0009_file_findings")]
    operations = [
        migrations.RunSQL(
            f"REVOKE EXECUTE ON FUNCTION {FUNCTIONS} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {FUNCTIONS} TO PUBLIC",
        )
    ]
