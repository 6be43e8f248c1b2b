from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from security.models.protected import Protected


class StoredFile(Protected):
    """A file received whole: its bytes lie under ``blob`` and hash to ``sha256``.

    ``blob`` is a keyed hash of unit, level and content, so equal bytes are shared only within one
    unit and level and a name on disk tells a stranger nothing.
    """

    view_action = "digitization.view"
    kind_name = _("File")

    sha256 = models.CharField(max_length=64)
    blob = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="bytes")
    media_type = models.CharField(max_length=60)

    class Meta(Protected.Meta):
        constraints = [
            *Protected.Meta.constraints,
            models.CheckConstraint(condition=Q(size__gt=0), name="storedfile_not_empty"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="storedfile_sha256"
            ),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]
