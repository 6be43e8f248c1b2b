from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaign", "0006_briefing_days_deferred"),
    ]

    operations = [
        migrations.AddField(
            model_name="savedview",
            name="is_default",
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)),
                fields=("user", "page"),
                name="saved_view_default_once",
            ),
        ),
    ]
