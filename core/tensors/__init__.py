"""Recorded tensors: inputs, activations, gradients."""
