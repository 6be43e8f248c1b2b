"""Records above level 1 stand on a classification of their own."""

from django.db import migrations

from security.models import ClassifiedLevel


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0001_initial"),
        ("security", "0005_classified_level"),
    ]
    operations = [
        ClassifiedLevel("records_person"),
        ClassifiedLevel("records_member"),
        ClassifiedLevel("records_cadre"),
    ]
