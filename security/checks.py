"""``manage.py check --deploy``: does the product run as a role that cannot rewrite its trail?"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from security.database_roles import Powers, powers

HINT = (
    "Give web, workers and beat the application's role as DATABASE_URL and leave "
    "DATABASE_OWNER_URL to migrate (docs/adr/0015-two-database-roles.md, deploy/README.md)."
)


@register(Tags.security, deploy=True)
def trail_is_closed(**_options: Any) -> list[CheckMessage]:
    """An error where the installation is served over HTTPS, which means in earnest."""
    found = powers()
    if found is None:
        return [Warning("The database does not answer: its roles are not known.", id="roles.W001")]
    if found.limited:
        return []
    kind, code = (Error, "roles.E002") if settings.HTTPS else (Warning, "roles.W002")
    return [kind(f"The product is connected as {_who(found)}.", hint=HINT, id=code)]


def _who(found: Powers) -> str:
    if found.superuser:
        return "a superuser of the database, who can alter the trail"
    if found.owns_trail:
        return "the owner of the trail, who can alter it"
    return "a role that may alter the trail or make tables; migrate as the owner sets its rights"
