"""The nightly comparisons of stored lights with the rule are kept, to be looked at."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaign", "0009_calls_sent_once")]

    operations = [
        migrations.CreateModel(
            name="LightCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(help_text="instant the rule was asked about")),
                ("finished_at", models.DateTimeField()),
                ("looked_at", models.PositiveIntegerField()),
                ("differences", models.JSONField(default=list)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="light_checks",
                        to="campaign.campaign",
                    ),
                ),
            ],
            options={"ordering": ["campaign", "-at", "-pk"]},
        ),
        migrations.AddConstraint(
            model_name="lightcheck",
            constraint=models.UniqueConstraint(fields=("campaign", "at"), name="light_check_once"),
        ),
        migrations.AddConstraint(
            model_name="lightcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(("finished_at__gte", models.F("at"))),
                name="light_check_finished",
            ),
        ),
    ]
