"""Signwatch's core: everything but the pages. `core.services` builds it; docs/architecture.md maps it."""
