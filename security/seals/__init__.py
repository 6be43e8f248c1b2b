"""Seals of the trail: what makes an altered, missing or added row show (docs/adr/0013)."""
