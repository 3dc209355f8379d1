"""The capture log: the only package that imports duckdb.

log: what most callers need; one table class a domain; listing: pages of captures; queue: of triage;
database: its life and transactions; schema: migrations; rows: records to rows and back; address,
conninfo, extensions: a file or a DuckLake; retention, volume: deleted by age, counted by time.
"""

from core.store.address import address_of
from core.store.alerts import AlertsTable
from core.store.backtest import PastTable
from core.store.baselines import BaselinesTable
from core.store.capture_files import CaptureFilesTable
from core.store.capture_settings import CaptureSettingsTable
from core.store.drift import DriftTable
from core.store.drills import DrillsTable
from core.store.executions import ExecutionsTable
from core.store.import_lists import ImportLists
from core.store.log import CaptureLog
from core.store.quality import PValuesTable, QualityTable
from core.store.queue import QueueTable
from core.store.retention import Retention
from core.store.schedules import SchedulesTable
from core.store.tensors import TensorsTable
from core.store.volume import VolumeTable

__all__ = [
    "AlertsTable",
    "BaselinesTable",
    "CaptureFilesTable",
    "CaptureLog",
    "CaptureSettingsTable",
    "DriftTable",
    "DrillsTable",
    "ExecutionsTable",
    "ImportLists",
    "PValuesTable",
    "PastTable",
    "QualityTable",
    "QueueTable",
    "Retention",
    "SchedulesTable",
    "TensorsTable",
    "VolumeTable",
    "address_of",
]
