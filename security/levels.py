"""Secrecy levels and sensitivity of personal data: two scales that every protected row carries."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Secrecy(models.IntegerChoices):
    """State secrets. Level 4 (Tuyệt mật) is never digitised, so it has no place in the database."""

    PUBLIC = 0, _("Public")
    INTERNAL = 1, _("Internal")
    CONFIDENTIAL = 2, _("Secret (Mật)")
    SECRET = 3, _("Top secret (Tối mật)")


class Sensitivity(models.IntegerChoices):
    """Sensitivity of personal data (Law 91/2025/QH15)."""

    NORMAL = 0, _("Normal data")
    PERSONAL = 1, _("Personal data")
    SENSITIVE = 2, _("Sensitive personal data")
