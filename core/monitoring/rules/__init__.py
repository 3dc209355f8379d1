"""Rules that a run evaluates over a window."""
