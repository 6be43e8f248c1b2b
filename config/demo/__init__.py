"""Demonstration data: fictional people, places, papers and a campaign that has been lived."""
