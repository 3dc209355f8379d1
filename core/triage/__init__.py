"""Triage: what analysts do with flagged predictions, each in sessions of their own.

session: what is open in one window, what comes next, undo; verdicts: recorded and taken back;
context, panels, similarity: what surrounds an item; prefetch: contexts ahead of time; suggestions:
of the true class; outcome: precision and level of the flag; export: decided captures as a data set.
"""

from core.triage.context import ContextBuilder
from core.triage.prefetch import ContextPrefetch
from core.triage.session import TriageSession
from core.triage.verdicts import Verdicts

__all__ = ["ContextBuilder", "ContextPrefetch", "TriageSession", "Verdicts"]
