"""Seals of the trail: an index to find a window of transactions, and the chain of checkpoints.

Checkpoints are append-only by the same trigger as the trail. ``leaves`` holds, for every row of
the window, eight bytes of its id and thirty-two of its leaf hash: with them a single altered or
missing row can be named, and the signed root proves that they are themselves unaltered.
"""

from django.db import migrations, models

TABLE = """
CREATE INDEX security_auditevent_xid ON security_auditevent (xid);

CREATE TABLE security_auditcheckpoint (
    number bigint PRIMARY KEY CHECK (number > 0),
    after_id bigint NOT NULL CHECK (after_id >= 0),
    from_xid bigint NOT NULL CHECK (from_xid >= 0),
    upto_xid bigint NOT NULL CHECK (upto_xid > from_xid),
    rows bigint NOT NULL CHECK (rows > 0),
    months jsonb NOT NULL,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    at timestamptz NOT NULL,
    key_id varchar(64) NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    leaves bytea NOT NULL CHECK (octet_length(leaves) = 40 * rows)
);
ALTER TABLE security_auditcheckpoint ALTER COLUMN leaves SET STORAGE EXTERNAL;
SELECT security_audit_guard('security_auditcheckpoint');
"""

UNDO = """
DROP TABLE security_auditcheckpoint;
DROP INDEX security_auditevent_xid;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0006_matrix_change")]
    operations = [
        migrations.RunSQL(TABLE, UNDO),
        migrations.CreateModel(
            name="AuditCheckpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("after_id", models.BigIntegerField()),
                ("from_xid", models.BigIntegerField()),
                ("upto_xid", models.BigIntegerField()),
                ("rows", models.BigIntegerField()),
                ("months", models.JSONField()),
                ("root", models.BinaryField()),
                ("previous", models.BinaryField()),
                ("at", models.DateTimeField()),
                ("key_id", models.CharField(max_length=64)),
                ("signature", models.BinaryField()),
                ("leaves", models.BinaryField()),
            ],
            options={
                "db_table": "security_auditcheckpoint",
                "ordering": ["number"],
                "managed": False,
            },
        ),
    ]
