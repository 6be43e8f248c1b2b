"""The state of the installation, line by line: its light, why it has it, and what to do."""
