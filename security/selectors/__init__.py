"""Reads of the security floor that span tables."""
