"""Keys of the Triage page: each acts once, in its order, and on what it was pressed for."""

import pytest

from core.records.analysts import LOCAL
from core.records.captures import Capture, Provenance
from core.records.verdicts import Verdict
from core.services import Services
from core.triage.suggestions import suggested_classes
from pages._shared.keys import Press
from pages._triage.state import Work
from tests.support.traffic import put_flagged


@pytest.fixture
def queue(signwatch: Services) -> list[Capture]:
    return [put_flagged(signwatch, 0.001 * number, seed=number) for number in (1, 2, 3)]


@pytest.fixture
def work(signwatch: Services, queue: list[Capture]) -> Work:
    made = Work(signwatch.triage.session(LOCAL))
    made.session.next()
    made.begin_turn()
    return made


def press(work: Work, keys: str, *, place: str | None = None) -> list[Press]:
    """Press keys, all before the page answers; returns all that were pressed so far."""
    presses = [
        Press(work.handled + number, key, place or work.place)
        for number, key in enumerate(keys, start=1)
    ]
    work.press(presses)
    return presses


def verdicts(signwatch: Services, capture_id: str) -> list[tuple[Verdict, int | None]]:
    given = signwatch.log.verdicts.of(capture_id)
    return [(each.decision.verdict, each.decision.true_class) for each in given if each.counts]


def opened(work: Work) -> str:
    """Id of what is open."""
    assert work.session.opened
    return work.session.opened.capture_id


@pytest.mark.parametrize("keys", ["2A", "A2"])
def test_keys_that_arrive_together_all_count(signwatch: Services, work: Work, keys: str) -> None:
    first = opened(work)
    true_class = suggested_classes(signwatch.log.capture(first).capture)[1]
    presses = press(work, keys)
    assert verdicts(signwatch, first) == [(Verdict.ADVERSARIAL, true_class)]
    work.press(presses)  # the list comes again with whatever is pressed next
    assert opened(work) != first
    assert verdicts(signwatch, opened(work)) == []


@pytest.mark.parametrize(
    ("key", "verdict", "has_true_class"),
    [
        ("A", Verdict.ADVERSARIAL, True),
        ("W", Verdict.MODEL_WRONG, True),
        ("O", Verdict.FALSE_POSITIVE, True),
        ("N", Verdict.NOT_A_SIGN, False),
        ("U", Verdict.UNREADABLE, False),
    ],
)
def test_each_verdict_has_its_key(
    signwatch: Services, work: Work, key: str, verdict: Verdict, has_true_class: bool
) -> None:
    first = opened(work)
    press(work, f"1{key}")
    ((given, true_class),) = verdicts(signwatch, first)
    assert (given, true_class is not None) == (verdict, has_true_class)


@pytest.mark.parametrize(
    ("keys", "given"),
    [
        (["B", "N"], {0, 2}),
        (["Shift+B", "N"], {0, 1, 2}),
        (["B", "B", "N"], {0}),
        (["B", "Shift+B", "N"], {0, 1, 2}),
    ],
)
def test_keys_give_the_verdict_to_what_is_similar_or_to_the_whole_group(
    signwatch: Services, work: Work, keys: list[str], given: set[int]
) -> None:
    frames = [
        put_flagged(signwatch, p_value, seed=seed, provenance=Provenance("cam"))
        for p_value, seed in ((0.0001, 7), (0.0002, 8), (0.0003, 7))
    ]
    work.open(frames[0].capture_id)
    signwatch.triage.contexts.ask([frames[0].capture_id])
    work.draft.context = signwatch.triage.contexts.wait(frames[0].capture_id, 60)
    place = work.place
    work.press([Press(n, key, place) for n, key in enumerate(keys, start=1)])
    found = {n for n, each in enumerate(frames) if verdicts(signwatch, each.capture_id)}
    assert found == given


def test_a_group_that_is_not_on_the_page_yet_gets_no_verdict(
    signwatch: Services, work: Work
) -> None:
    frames = [
        put_flagged(signwatch, p_value, seed=7, provenance=Provenance("cam"))
        for p_value in (0.0001, 0.0002)
    ]
    work.open(frames[0].capture_id)
    signwatch.triage.contexts.ask([frames[0].capture_id])
    assert signwatch.triage.contexts.wait(frames[0].capture_id, 60)
    press(work, "BN")
    assert [len(verdicts(signwatch, each.capture_id)) for each in frames] == [1, 0]


def test_a_key_pressed_for_what_is_gone_does_nothing(signwatch: Services, work: Work) -> None:
    first, place = opened(work), work.place
    press(work, "N")
    second = opened(work)
    press(work, "2NUWTG", place=place)
    press(work, "N", place=f"another {work.draft.turn}")
    assert opened(work) == second != first
    assert verdicts(signwatch, second) == []
    assert (work.draft.true_class, work.draft.tiles, work.draft.all_signs) == (None, False, False)


def test_undo_and_the_way_back_count_late_too(signwatch: Services, work: Work) -> None:
    first, place = opened(work), work.place
    press(work, "NZ", place=place)
    assert opened(work) == first
    assert verdicts(signwatch, first) == []
    press(work, "J")
    assert opened(work) != first
    press(work, "K")
    assert opened(work) == first


def test_what_is_no_key_does_nothing(work: Work) -> None:
    first = opened(work)
    press(work, "789XÄ")
    assert opened(work) == first
    assert work.draft.true_class is None
