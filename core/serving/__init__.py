"""The path of a request: batch, predict, capture, answer."""
