from django.db import models


class AuditCheckpoint(models.Model):
    """A signed seal over the rows of the trail written by a window of transactions.

    Append-only and made by SQL (migration 0007), like the trail. ``after_id`` is above 0 only
    after the database was restored into a server that counts its transactions anew.
    """

    number = models.BigIntegerField(primary_key=True)
    after_id = models.BigIntegerField()
    from_xid = models.BigIntegerField()
    upto_xid = models.BigIntegerField()
    rows = models.BigIntegerField()
    months = models.JSONField()
    root = models.BinaryField()
    previous = models.BinaryField()
    at = models.DateTimeField()
    key_id = models.CharField(max_length=64)
    signature = models.BinaryField()
    leaves = models.BinaryField()

    class Meta:
        managed = False
        db_table = "security_auditcheckpoint"
        ordering = ["number"]

    def __str__(self) -> str:
        return f"checkpoint {self.number}"
