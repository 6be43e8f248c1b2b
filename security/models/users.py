from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower

from security.levels import Secrecy
from security.models.units import Unit

if TYPE_CHECKING:
    from security.scope import Scope


class User(AbstractUser):
    """A person who signs in. What he may see comes from role grants, never from flags here."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    full_name = models.CharField(max_length=120)
    post = models.CharField(max_length=160, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="users")
    clearance = models.PositiveSmallIntegerField(choices=Secrecy, default=Secrecy.INTERNAL)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        ordering = ["full_name"]
        constraints = [models.UniqueConstraint(Lower("username"), name="user_name_once")]

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.rsplit(" ", 1)[-1]

    # Role grants in force, read once per request (one User instance lives one request).
    _scopes: list[Scope] | None = None
    _scopes_read_at: float = 0.0
    # Set where a program signs in with a token: it has no more than these actions.
    token_actions: frozenset[str] | None = None
