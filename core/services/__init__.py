"""The composition root and one facade a domain: what pages, endpoint and command line call."""

from core.jobs import Job, Progress
from core.services.root import Services, close_current, current

__all__ = ["Job", "Progress", "Services", "close_current", "current"]
