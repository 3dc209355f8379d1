"""A baseline from images: what the model predicts of them, with its name, and not kept yet."""

import pytest

from core import samples
from core.services import Services


def test_the_sample_signs_make_a_draft_that_is_not_kept(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.monitoring.data_baseline.AT_ONCE", 100)
    seen: list[tuple[int, int]] = []
    draft = signwatch.monitoring.draft_of_samples(
        lambda done, total, what: seen.append((done, total))
    )
    count = len(samples.all_samples())
    assert seen == [(100, count), (200, count), (count, count)]
    assert draft.predictions == count
    assert draft.origin.startswith("data set samples, ")
    assert (draft.left_out, draft.alarms) == (0, None)
    assert signwatch.monitoring.baselines.all() == []
    assert signwatch.monitoring.baselines.keep(draft).predictions == count
