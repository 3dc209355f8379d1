"""The drift detector over the stream of predictions."""
