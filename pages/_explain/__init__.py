"""Parts of the Explain page."""
