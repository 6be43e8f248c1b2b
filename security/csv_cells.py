"""Cells of a table that a spreadsheet opens. Pure."""

# A spreadsheet takes what begins so for a formula, also behind blanks that it drops.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|")


def safe(text: str) -> str:
    """The text as a spreadsheet shows it and never computes it; without NUL."""
    clean = text.replace("\x00", "")
    return f"'{clean}" if clean.lstrip(" \u00a0").startswith(FORMULA) else clean
