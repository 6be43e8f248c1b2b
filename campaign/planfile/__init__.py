"""Plan files: read with line numbers, checked whole, shifted to another start, turned into rows."""
