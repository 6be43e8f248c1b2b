"""Tasks above level 1 stand on a classification of their own."""

from django.db import migrations

from security.models import ClassifiedLevel


class Migration(migrations.Migration):
    dependencies = [
        ("campaign", "0003_task_presses_at"),
        ("security", "0005_classified_level"),
    ]
    operations = [
        ClassifiedLevel("campaign_task"),
    ]
