"""The composition root and one facade a domain: what pages, endpoint and command line call."""

from core import samples
from core.attacks.lab import Lab
from core.images import READABLE, SUFFIXES, ImageFile
from core.jobs import Job, Progress
from core.monitoring.baselines import InForce
from core.records.permissions import act_as
from core.services.captures import Captures
from core.services.explanations import Explanations
from core.services.health import Health
from core.services.inference import Inference
from core.services.model import Model
from core.services.monitoring import Monitoring
from core.services.root import Services, close_current, current
from core.services.tensors import RecordMaps, Tensors
from core.services.triage import Triage
from core.triage import TriageSession

__all__ = [
    "READABLE",
    "SUFFIXES",
    "Captures",
    "Explanations",
    "Health",
    "ImageFile",
    "InForce",
    "Inference",
    "Job",
    "Lab",
    "Model",
    "Monitoring",
    "Progress",
    "RecordMaps",
    "Services",
    "Tensors",
    "Triage",
    "TriageSession",
    "act_as",
    "close_current",
    "current",
    "samples",
]
