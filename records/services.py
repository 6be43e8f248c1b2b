def load_code_lists() -> int:
    """Create code list items that do not exist yet; returns how many."""
    return 0
