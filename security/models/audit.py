from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """One line of the trail. Append-only: the database refuses UPDATE, DELETE and TRUNCATE.

    The table is partitioned by month and made by SQL (migration 0002), so Django does not manage
    it. No foreign keys: what was true then stays readable whatever happens to the rows named.
    Never holds passwords, codes, tokens, document text or values of protected fields.
    """

    class Decision(models.TextChoices):
        ALLOWED = "allowed", _("Allowed")
        DENIED = "denied", _("Denied")

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    xid = models.BigIntegerField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    session = models.CharField(max_length=64)
    address = models.CharField(max_length=64)
    request = models.CharField(max_length=64)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=40)
    object_level = models.SmallIntegerField(null=True)
    object_path = models.CharField(max_length=255)
    object_ids = ArrayField(models.BigIntegerField())
    fields = ArrayField(models.CharField(max_length=60))
    decision = models.CharField(max_length=10, choices=Decision)
    allowed_by = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)

    class Meta:
        managed = False
        db_table = "security_auditevent"
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
