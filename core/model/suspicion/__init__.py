"""How unlike clean traffic a prediction looks."""
