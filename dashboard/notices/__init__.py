"""Notices: from what campaign recorded to the people whom it concerns, each event once ever."""
