"""Records of tensors: what was recorded of a request, each tensor's figures, and the numbers.

Contents are exact, compressed (zstd), and kept once: within a record wherever two tensors are
equal, and those of the weights for all records of the same weights. A record goes with its capture.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from core.errors import BadInput, NotFound
from core.records.tensors import (
    Array,
    BiasUse,
    ModeKeys,
    Passed,
    Recording,
    TensorFacts,
    TensorRecord,
)
from core.store.database import Database, Row, Transaction
from core.store.rows import aware, naive

CODEC = pa.Codec("zstd", compression_level=3)
TENSORS = pa.schema(
    [
        ("step", pa.int64()),
        ("position", pa.int32()),
        ("name", pa.string()),
        ("shape", pa.string()),
        ("dtype", pa.string()),
        ("minimum", pa.float64()),
        ("mean", pa.float64()),
        ("maximum", pa.float64()),
        ("std", pa.float64()),
        ("zeros", pa.float64()),
        ("owner", pa.string()),
        ("digest", pa.string()),
    ]
)
CONTENTS = pa.schema([("owner", pa.string()), ("digest", pa.string()), ("content", pa.binary())])
FACTS = "name, shape, dtype, minimum, mean, maximum, std, zeros"


class TensorsTable:
    """The records of a log. Threads may share it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        recording: Recording,
        *,
        capture_id: str,
        captured_at: datetime,
        recorded_at: datetime,
        mode: ModeKeys,
        why: str,
        model_sha256: str,
        keep: int,
    ) -> TensorRecord:
        """Store a recording as the next step; the oldest records above `keep` go."""
        packed = _packed(recording.tensors)
        with self._database.transaction(grows=True) as transaction:
            step, mode_step = transaction.rows(
                "SELECT coalesce(max(step) + 1, 0), "
                "coalesce(max(mode_step) FILTER (mode = ?) + 1, 0) FROM log.tensor_records",
                [mode.value],
            )[0]
            record = TensorRecord(
                step=step,
                mode=mode,
                mode_step=mode_step,
                capture_id=capture_id,
                captured_at=captured_at,
                recorded_at=recorded_at,
                why=why,
                model_sha256=model_sha256,
                size=sum(map(len, dict(packed.values()).values())),
                passed=recording.passed,
            )
            _insert_record(transaction, record)
            _insert_tensors(transaction, record, recording, packed)
            transaction.execute(
                "DELETE FROM log.tensor_records WHERE step NOT IN "
                "(SELECT step FROM log.tensor_records ORDER BY step DESC LIMIT ?)",
                [keep],
            )
            remove_leftovers(transaction)
        return record

    def records(self, capture_id: str | None = None) -> list[TensorRecord]:
        """Every record (of one capture), newest first."""
        found = self._database.rows(
            "SELECT * FROM log.tensor_records "
            "WHERE ?::VARCHAR IS NULL OR capture_id = TRY_CAST(? AS UUID) ORDER BY step DESC",
            [capture_id, capture_id],
        )
        return [_record(row) for row in found]

    def record(self, step: int) -> TensorRecord:
        """One record; NotFound if the log has none of that step."""
        found = self._database.rows("SELECT * FROM log.tensor_records WHERE step = ?", [step])
        if not found:
            raise NotFound(f"no record of step {step} in the log")
        return _record(found[0])

    def facts(self, step: int, *, regex: str | None = None) -> list[TensorFacts]:
        """The tensors of one step, in the order of the network; regex: anywhere in the name."""
        found = self._database.rows(
            f"SELECT {FACTS} FROM log.tensors WHERE step = ? AND {_MATCHING} ORDER BY position",
            [step, *self._regex(regex)],
        )
        return [_facts(row) for row in found]

    def history(self, name: str) -> dict[int, TensorFacts]:
        """step -> figures, for every step that has the tensor."""
        found = self._database.rows(
            f"SELECT step, {FACTS} FROM log.tensors WHERE name = ? ORDER BY step", [name]
        )
        return {row[0]: _facts(row[1:]) for row in found}

    def names(self, steps: Sequence[int], *, regex: str | None = None) -> list[str]:
        """The names that occur in any of the steps, sorted; regex: anywhere in the name."""
        found = self._database.rows(
            "SELECT DISTINCT name FROM log.tensors "
            f"WHERE step IN (SELECT unnest(?::BIGINT[])) AND {_MATCHING} ORDER BY name",
            [list(steps), *self._regex(regex)],
        )
        return [row[0] for row in found]

    def values(self, step: int, names: Sequence[str] | None = None) -> dict[str, Array]:
        """Those of the named tensors that the step has, None: all, in the network's order."""
        wanted = None if names is None else list(names)
        found = self._database.rows(
            "SELECT name, shape, dtype, owner, digest FROM log.tensors WHERE step = ? "
            "AND (?::VARCHAR[] IS NULL OR list_contains(?::VARCHAR[], name)) ORDER BY position",
            [step, wanted, wanted],
        )
        contents: dict[tuple[str, str], bytes] = {}
        for owner in {row[3] for row in found}:
            digests = [row[4] for row in found if row[3] == owner]
            contents |= {
                (owner, digest): content
                for digest, content in self._database.rows(
                    "SELECT digest, content FROM log.tensor_contents "
                    "WHERE owner = ? AND list_contains(?::VARCHAR[], digest)",
                    [owner, digests],
                )
            }
        return {
            name: _unpacked(contents[owner, digest], json.loads(shape), dtype)
            for name, shape, dtype, owner, digest in found
        }

    def size(self) -> int:
        """Bytes that the tensors of all records take, without those of the weights."""
        return int(
            self._database.rows("SELECT coalesce(sum(size), 0) FROM log.tensor_records")[0][0]
        )

    def _regex(self, regex: str | None) -> list[str | None]:
        """The parameters of _MATCHING; BadInput if DuckDB's RE2 does not read the expression."""
        if regex is not None:
            try:
                self._database.rows("SELECT regexp_matches('', ?)", [regex])
            except duckdb.Error as error:
                raise BadInput(
                    f"{regex!r} is no regular expression (RE2's syntax): {error}"
                ) from error
        return [regex, regex]


def remove_leftovers(transaction: Transaction) -> None:
    """Delete tensors whose record is gone, and contents that no tensor names."""
    transaction.execute(
        "DELETE FROM log.tensors WHERE step NOT IN (SELECT step FROM log.tensor_records)"
    )
    unnamed = "WHERE owner NOT IN (SELECT owner FROM log.tensors)"
    # DuckDB keeps the space of single rows that are deleted, but not of what is overwritten.
    transaction.execute(f"UPDATE log.tensor_contents SET content = '' {unnamed}")
    transaction.execute(f"DELETE FROM log.tensor_contents {unnamed}")


_MATCHING = "(?::VARCHAR IS NULL OR regexp_matches(name, ?))"

Packed = Mapping[str, tuple[str, bytes]]


def _packed(arrays: Mapping[str, Array]) -> dict[str, tuple[str, bytes]]:
    """name -> digest and compressed content; equal tensors are compressed once."""
    contents: dict[str, bytes] = {}
    packed = {}
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        digest = hashlib.sha256(raw).hexdigest()
        if digest not in contents:
            contents[digest] = CODEC.compress(raw, asbytes=True)
        packed[name] = digest, contents[digest]
    return packed


def _unpacked(content: bytes, shape: Sequence[int], dtype: str) -> Array:
    kind = np.dtype(dtype).newbyteorder("<")
    size = int(np.prod(shape)) * kind.itemsize
    raw = CODEC.decompress(content, size, asbytes=True) if size else b""
    return np.frombuffer(raw, kind).astype(dtype).reshape(shape)


def _insert_record(transaction: Transaction, record: TensorRecord) -> None:
    transaction.execute(
        "INSERT INTO log.tensor_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            record.step,
            record.mode.value,
            record.mode_step,
            record.capture_id,
            naive(record.captured_at),
            naive(record.recorded_at),
            record.why,
            record.model_sha256,
            record.size,
            json.dumps(asdict(record.passed)),
        ],
    )


def _insert_tensors(
    transaction: Transaction, record: TensorRecord, recording: Recording, packed: Packed
) -> None:
    known = {
        row[0]
        for row in transaction.rows(
            "SELECT digest FROM log.tensor_contents WHERE owner = ?", [record.model_sha256]
        )
    }
    of_weights = _packed(recording.parameters)
    tensors: list[dict[str, Any]] = []
    contents: dict[tuple[str, str], bytes] = {}
    for owner, arrays, found in (
        (str(record.step), recording.tensors, packed),
        (record.model_sha256, recording.parameters, of_weights),
    ):
        for name, array in arrays.items():
            digest, content = found[name]
            facts = asdict(TensorFacts.of(name, array)) | {"shape": json.dumps(array.shape)}
            tensors.append(
                facts
                | {"step": record.step, "position": len(tensors), "owner": owner, "digest": digest}
            )
            if owner != record.model_sha256 or digest not in known:
                contents[owner, digest] = content
    if tensors:
        transaction.insert(
            "INSERT INTO log.tensors SELECT * FROM incoming",
            pa.Table.from_pylist(tensors, schema=TENSORS),
        )
    if contents:
        rows = [
            {"owner": owner, "digest": digest, "content": content}
            for (owner, digest), content in contents.items()
        ]
        transaction.insert(
            "INSERT INTO log.tensor_contents SELECT * FROM incoming",
            pa.Table.from_pylist(rows, schema=CONTENTS),
        )


def _record(row: Row) -> TensorRecord:
    step, mode, mode_step, capture_id, captured_at, recorded_at, why, model_sha256, size, text = row
    passed = json.loads(text)
    passed["logits"] = tuple(passed["logits"])
    passed["biases"] = tuple(BiasUse(**use) for use in passed["biases"])
    return TensorRecord(
        step,
        ModeKeys(mode),
        mode_step,
        str(capture_id),
        aware(captured_at),
        aware(recorded_at),
        why,
        model_sha256,
        size,
        Passed(**passed),
    )


def _facts(row: Row) -> TensorFacts:
    name, shape, *rest = row
    return TensorFacts(name, tuple(json.loads(shape)), *rest)
