"""What the person at the machine is told when a backup or a restore cannot go on."""


class KeepingError(Exception):
    """Nothing half-done passes for whole; the message says what was wrong and what to do."""
