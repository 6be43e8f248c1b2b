"""A table of tasks on its way in: cells found, values understood, differences shown."""
