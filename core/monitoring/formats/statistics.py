"""A baseline as statistics.json, in Model Monitor's format (COMPAT: statistics.json).

Features: `PredictedClass` and, where captures carry them, `FlaggedClass` (the predictions that were
flagged), `Confidence` and `SuspicionPValue`. The sketch's data hold the sample of `Scores`.
What has no place in the format stands under `signwatch`, which other readers leave alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from core.errors import BadInput, TooLarge
from core.monitoring.baseline import (
    BUCKETS,
    MAX_SAMPLE,
    Baseline,
    Counts,
    Observations,
    Scores,
    bucket_edges,
)
from core.monitoring.formats.json_fields import JsonFile, check_count, check_number
from core.monitoring.rules import FEATURE
from core.records.names import check_endpoint_name

FLAGGED = "FlaggedClass"
CONFIDENCE = "Confidence"
SUSPICION = "SuspicionPValue"
OWN = "signwatch"
RIGHT = "right_predictions"  # of a baseline from labelled data
ENDPOINT = "endpoint"  # of a baseline from captures of one
OBSERVATIONS = "observations"  # frames of one sign counted once
MOST_BANDS = 24
SKETCH = {"c": 0.64, "k": float(MAX_SAMPLE)}


def write_statistics(baseline: Baseline) -> str:
    """The text of statistics.json."""
    features = [_categorical(FEATURE, baseline.counts, baseline.classes)]
    if baseline.flagged is not None:
        features.append(_categorical(FLAGGED, baseline.flagged, baseline.classes))
    for name, scores in ((CONFIDENCE, baseline.confidence), (SUSPICION, baseline.suspicion)):
        if scores is not None:
            features.append(_numerical(name, scores))
    document: dict[str, Any] = {
        "version": 0.0,
        "dataset": {"item_count": baseline.total},
        "features": features,
    }
    own: dict[str, Any] = {} if baseline.right is None else {RIGHT: baseline.right}
    if baseline.endpoint is not None:
        own |= {ENDPOINT: baseline.endpoint}
    if baseline.observations is not None:
        own |= {OBSERVATIONS: _observed(baseline.observations)}
    if own:
        document[OWN] = own
    return json.dumps(document, indent=2) + "\n"


def read_statistics(content: bytes) -> Baseline:
    """The baseline in statistics.json; raises BadInput or TooLarge.

    The label set is 0..(number of buckets - 1) where every class stands in it, and otherwise as
    large as the largest class id asks for. Features that we do not know are left alone.
    """
    file = JsonFile.parse(content, "statistics.json")
    features = {part.text("name"): part for part in file.parts("features")}
    if FEATURE not in features:
        raise BadInput(
            f"statistics.json has no feature {FEATURE}; it has "
            f"{', '.join(sorted(features)[:10]) or 'none'}. Create the baseline from predictions"
        )
    counts = _read_counts(features[FEATURE])
    classes = max(counts, default=-1) + 1
    flagged = _read_counts(features[FLAGGED]) if FLAGGED in features else None
    confidence, suspicion = (
        _read_scores(features[name]) if name in features else None
        for name in (CONFIDENCE, SUSPICION)
    )
    baseline = Baseline(
        classes,
        _present(counts),
        None if flagged is None else _present(flagged),
        confidence,
        suspicion,
        _read_right(file),
        _read_observations(file, classes),
        _read_endpoint(file),
    )
    if (held := file.part("dataset").count("item_count")) != baseline.total:
        raise BadInput(
            f"statistics.json: item_count is {held} and {FEATURE} counts {baseline.total}"
        )
    return baseline


def _categorical(name: str, counts: Mapping[int, int], classes: int) -> dict[str, Any]:
    """Every class of the label set has its bucket, also with a count of 0."""
    buckets = [{"value": str(k), "count": counts.get(k, 0)} for k in range(classes)]
    return {
        "name": name,
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": sum(counts.values()), "num_missing": 0},
            "distinct_count": sum(1 for n in counts.values() if n),
            "distribution": {"categorical": {"buckets": buckets}},
        },
    }


def _numerical(name: str, scores: Scores) -> dict[str, Any]:
    edges = bucket_edges(scores.min, scores.max).tolist()
    buckets = [
        {"lower_bound": low, "upper_bound": high, "count": n}
        for low, high, n in zip(edges[:-1], edges[1:], scores.counts, strict=True)
    ]
    sketch = {"parameters": SKETCH, "data": [list(scores.sample)]}
    return {
        "name": name,
        "inferred_type": "Fractional",
        "numerical_statistics": {
            "common": {"num_present": scores.present, "num_missing": scores.missing},
            "mean": scores.mean,
            "sum": scores.mean * scores.present,
            "std_dev": scores.std,
            "min": scores.min,
            "max": scores.max,
            "distribution": {"kll": {"buckets": buckets, "sketch": sketch}},
        },
    }


def _read_counts(feature: JsonFile) -> dict[int, int]:
    distribution = feature.part("string_statistics").part("distribution")
    counts: dict[int, int] = {}
    for bucket in distribution.part("categorical").parts("buckets"):
        value = bucket.text("value")
        if not (value.isascii() and value.isdecimal() and len(value) <= 4):
            raise BadInput(f"{bucket.path}: value must be a class id, got {value[:40]!r}")
        if int(value) in counts:
            raise BadInput(f"{bucket.path}: class {int(value)} stands there twice")
        counts[int(value)] = bucket.count("count")
    return counts


def _read_right(file: JsonFile) -> int | None:
    own = file.part(OWN) if file.has(OWN) else None
    return own.count(RIGHT) if own and own.has(RIGHT) else None


def _read_endpoint(file: JsonFile) -> str | None:
    own = file.part(OWN) if file.has(OWN) else None
    return check_endpoint_name(own.text(ENDPOINT)) if own and own.has(ENDPOINT) else None


def _observed(observations: Observations) -> dict[str, Any]:
    return {name: value for name, value in vars(observations).items() if value}


def _read_observations(file: JsonFile, classes: int) -> Observations | None:
    own = file.part(OWN) if file.has(OWN) else None
    if own is None or not own.has(OBSERVATIONS):
        return None
    part = own.part(OBSERVATIONS)
    width = classes + 1
    edges = _read_edges(part) if part.has("edges") else ()
    return Observations(
        _table(part, "by_class", width),
        _table(part, "by_flag", 2 * width) if part.has("by_flag") else None,
        edges,
        _row(part, "confidence", len(edges) + 1) if edges else (),
        part.has("by_look") and part.flag("by_look"),
    )


def _read_edges(part: JsonFile) -> tuple[float, ...]:
    path = f"{part.path}: edges"
    edges = tuple(check_number(each, path, 0, 1) for each in part.items("edges"))
    if any(low >= high for low, high in pairwise(edges)):
        raise BadInput(f"{path} must rise")
    return edges


def _table(part: JsonFile, name: str, width: int) -> Counts:
    """Counts by band and bin; bands have one length, and the day is full of them."""
    rows = part.items(name)
    if not 1 <= len(rows) <= MOST_BANDS or MOST_BANDS % len(rows):
        raise BadInput(
            f"{part.path}: {name} must have as many rows as divide a day of {MOST_BANDS} hours, "
            f"got {len(rows)}"
        )
    table = tuple(_counts(row, f"{part.path}: {name}", width) for row in rows)
    if not all(map(sum, table)):
        raise BadInput(f"{part.path}: {name} has a row without an observation")
    return table


def _row(part: JsonFile, name: str, width: int) -> tuple[int, ...]:
    return _counts(part.items(name), f"{part.path}: {name}", width)


def _counts(row: Any, path: str, width: int) -> tuple[int, ...]:
    if not isinstance(row, list) or len(row) != width:
        raise BadInput(f"{path} must have rows of {width} counts")
    return tuple(check_count(each, path) for each in row)


def _present(counts: Mapping[int, int]) -> dict[int, int]:
    return {k: n for k, n in counts.items() if n}


def _read_scores(feature: JsonFile) -> Scores:
    statistics = feature.part("numerical_statistics")
    common, kll = statistics.part("common"), statistics.part("distribution").part("kll")
    buckets = kll.parts("buckets")
    if len(buckets) != BUCKETS:
        raise BadInput(f"{kll.path}: expected {BUCKETS} buckets, got {len(buckets)}")
    levels = kll.part("sketch").items("data")
    return Scores(
        present=common.count("num_present"),
        missing=common.count("num_missing"),
        mean=statistics.number("mean"),
        std=statistics.number("std_dev", 0),
        min=statistics.number("min"),
        max=statistics.number("max"),
        counts=tuple(bucket.count("count") for bucket in buckets),
        sample=_read_sketch(levels, kll.path),
    )


def _read_sketch(levels: list[Any], path: str) -> tuple[float, ...]:
    """A KLL sketch's items, each as often as its level weighs (2^level), thinned to MAX_SAMPLE."""
    weighted: list[tuple[float, int]] = []
    for height, level in enumerate(levels):
        if (
            not isinstance(level, list)
            or height >= 40
            or len(weighted) + len(level) > 2 * MAX_SAMPLE
        ):
            raise TooLarge(f"{path}: sketch is no KLL sketch of at most {2 * MAX_SAMPLE} values")
        for value in level:
            weighted.append((check_number(value, f"{path}: sketch", -1e300, 1e300), 2**height))
    if not weighted:
        raise BadInput(f"{path}: sketch holds no value")
    weighted.sort()
    total = sum(weight for _, weight in weighted)
    size = min(total, MAX_SAMPLE)
    sample, passed, turn = [], 0, 0
    for value, weight in weighted:
        passed += weight
        while turn < size and round(turn * (total - 1) / max(1, size - 1)) < passed:
            sample.append(value)
            turn += 1
    return tuple(sample)
