"""Keeping: backups, restoring them, and proof that they can be restored (docs/adr/0016)."""
