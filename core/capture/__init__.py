"""The path from a prediction to the capture log."""
