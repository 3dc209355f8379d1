"""What the images of captures show, in a few numbers (core.model.suspicion.looks).

A table of its own: processes of an earlier version, which know nothing of it, go on writing
captures while a shared log has it already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.records.drift import LOOK
from core.store.database import Transaction

Look = NDArray[np.float16]
PACKED = np.dtype("<f2")
LOOKS = pa.schema([("capture_id", pa.string()), ("look", pa.binary())])
# With the two parameters of `ids_between`: the others need not be looked through.
WITH_LOOKS = (
    "LEFT JOIN (SELECT capture_id, any_value(look) AS look FROM log.looks "
    "WHERE capture_id BETWEEN ?::UUID AND ?::UUID GROUP BY capture_id) AS l USING (capture_id)"
)


def insert_looks(
    transaction: Transaction, capture_ids: Sequence[str], looks: Mapping[str, Look]
) -> None:
    """Those of the captures that have one."""
    known = [name for name in capture_ids if name in looks]
    if known:
        packed = [np.asarray(looks[name], PACKED).tobytes() for name in known]
        table = pa.Table.from_arrays([known, packed], schema=LOOKS)
        transaction.insert("INSERT INTO log.looks SELECT * FROM incoming", table)


def looks_of(column: NDArray[Any]) -> Look:
    """``(n, LOOK)`` of a column of n looks; NaN where there is none, or none of that size."""
    found = np.full((len(column), LOOK), np.nan, np.float16)
    for row, packed in enumerate(np.ma.masked_array(column).tolist()):
        if packed is not None and len(packed) == LOOK * PACKED.itemsize:
            found[row] = np.frombuffer(packed, PACKED)
    return found


def first_id(moment: datetime) -> str:
    """No capture of that moment, in UTC, or later has a smaller id (core.capture.writer)."""
    milliseconds = int(np.datetime64(moment.replace(tzinfo=None), "ms").astype(np.int64))
    return str(UUID(int=min(max(0, milliseconds), 2**48 - 1) << 80))


def ids_between(since: datetime, until: datetime) -> list[str]:
    """The ids of captures of that time lie between these two; both are in UTC."""
    after = int(UUID(first_id(until))) + 2**80 - 1
    return [first_id(since), str(UUID(int=after))]
