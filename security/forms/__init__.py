"""Forms of the access area and of one's own account."""
