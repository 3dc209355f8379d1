"""Signwatch without its pages; `core.services` builds it, docs/architecture.md maps it."""
