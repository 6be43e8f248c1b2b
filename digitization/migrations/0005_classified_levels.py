"""Scans above level 1 stand on a classification of their own."""

from django.db import migrations

from security.models import ClassifiedLevel


class Migration(migrations.Migration):
    dependencies = [
        ("digitization", "0004_index_history"),
        ("security", "0005_classified_level"),
    ]
    operations = [
        ClassifiedLevel("digitization_programme"),
        ClassifiedLevel("digitization_lot"),
        ClassifiedLevel("digitization_dossier"),
        ClassifiedLevel("digitization_page"),
    ]
