"""Signwatch's core: everything but the pages. `core.services` builds it; README.md maps it."""
