"""Parts of the Tensors page."""
