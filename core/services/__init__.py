"""The composition root and one facade a domain: what pages, endpoint and command line call."""

from core.jobs import Job
from core.services.root import Services, close_current, current

__all__ = ["Job", "Services", "close_current", "current"]
