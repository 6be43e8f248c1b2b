from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaign", "0007_saved_view_default")]

    operations = [
        migrations.RemoveConstraint(model_name="tableimport", name="table_import_ended"),
        migrations.AddField(
            model_name="tableimport", name="about", field=models.JSONField(default=dict)
        ),
        migrations.AlterField(
            model_name="tableimport",
            name="state",
            field=models.CharField(
                choices=[
                    ("read", "Waiting for you"),
                    ("taking", "Being taken in"),
                    ("applied", "Taken in"),
                    ("dropped", "Dropped"),
                ],
                default="read",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="tableimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state__in", ["read", "taking"])),
                    models.Q(("state__in", ["applied", "dropped"]), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="table_import_ended",
            ),
        ),
    ]
