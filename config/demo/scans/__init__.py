"""The project's own scan set: fictional papers, drawn, worn and packed as a scanner would."""
