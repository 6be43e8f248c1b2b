import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaign", "0008_table_import_about"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SentOnce",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                ("fingerprint", models.CharField(max_length=64)),
                ("made", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["user", "at"]},
        ),
        migrations.AddConstraint(
            model_name="sentonce",
            constraint=models.UniqueConstraint(fields=("user", "key"), name="sent_once_per_key"),
        ),
        migrations.AddConstraint(
            model_name="sentonce",
            constraint=models.CheckConstraint(
                condition=models.Q(("key", ""), _negated=True), name="sent_once_has_key"
            ),
        ),
    ]
