"""The queue in both kinds of store: groups, what is in work, and one of several takes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from core.records.captures import Capture, Provenance
from core.records.drills import MARK
from core.records.queries import WAITING, CaptureFilter
from core.records.triage import (
    LEASE,
    PAUSE,
    Assignment,
    Group,
    Holder,
    Queue,
    Standing,
    Status,
    Wanted,
)
from core.records.verdicts import Decision, Verdict
from core.store import CaptureLog, QueueTable
from tests.support.records import NOON, make_capture, make_prediction

SECOND = timedelta(seconds=1)
ADA, BO = Holder("ada", "window-1"), Holder("bo", "window-2")
EVERYTHING = Wanted()


def flagged(
    p_value: float | None,
    at: datetime = NOON,
    class_id: int = 14,
    source: str | None = "cam",
    endpoint: str = "signwatch",
    *,
    yes: bool = True,
) -> Capture:
    return make_capture(
        inferred_at=at,
        endpoint=endpoint,
        provenance=Provenance(source=source),
        prediction=make_prediction(class_id, p_value=p_value, flagged=yes),
    )


def put(log: CaptureLog, *captures: Capture) -> list[str]:
    log.append(captures, [])
    return [capture.capture_id for capture in captures]


def decide(log: CaptureLog, *names: str, note: str = "") -> list[Decision]:
    decisions = [Decision(name, Verdict.UNREADABLE, None, note, "cy", NOON) for name in names]
    log.verdicts.add(decisions)
    return decisions


def queue(table: QueueTable, wanted: Wanted = EVERYTHING, **options: object) -> Queue:
    values = {"holder": ADA, "at": NOON, "limit": 12} | options
    return table.queue(wanted, values.pop("holder"), values.pop("at"), **values)


@pytest.fixture
def table(log: CaptureLog) -> QueueTable:
    return QueueTable(log.database)


# Groups


def test_an_empty_log_has_an_empty_queue(table: QueueTable) -> None:
    assert queue(table) == Queue()


def test_one_source_one_class_and_no_pause_belong_together(
    log: CaptureLog, table: QueueTable
) -> None:
    first, second, after_pause, other_class, other_source, elsewhere, nobody, _ = put(
        log,
        flagged(0.004),
        flagged(0.001, NOON + PAUSE),
        flagged(0.002, NOON + 2 * PAUSE + SECOND),
        flagged(0.003, class_id=2),
        flagged(0.005, source="van"),
        flagged(0.006, endpoint="cars"),
        flagged(0.007, source=None),
        flagged(0.5, yes=False),
    )
    found = queue(table)
    assert [group.free for group in found.groups] == [
        (second, first),
        (after_pause,),
        (other_class,),
        (other_source,),
        (elsewhere,),
        (nobody,),
    ]
    assert found.groups[0] == Group(
        first, "signwatch", "cam", 14, NOON, NOON + PAUSE, 2, 2, 0, 0.001, second, (second, first)
    )
    assert (found.in_all, found.waiting, found.in_work) == (6, 7, 0)
    assert [*table.group_of(second)] == [*table.group_of(first)] == [first, second]
    assert [*table.group_of(after_pause)] == [after_pause]


def test_a_group_goes_on_as_long_as_no_pause_is_too_long(
    log: CaptureLog, table: QueueTable
) -> None:
    names = put(log, *(flagged(0.001, NOON + n * PAUSE) for n in range(4)))
    (group,) = queue(table).groups
    assert (group.first, group.start, group.end) == (names[0], NOON, NOON + 3 * PAUSE)
    assert [*table.group_of(names[3])] == names


def test_a_large_group_is_whole_and_names_its_images(log: CaptureLog, table: QueueTable) -> None:
    captures = [flagged(0.001, NOON + n * SECOND / 10) for n in range(600)]
    names = put(log, *captures)
    found = table.group_of(names[300])
    assert list(found.items()) == [(each.capture_id, each.image_sha256) for each in captures]
    assert table.take(names, ADA, NOON, most=len(names)) == names
    assert len(table.in_work(NOON)) == 600


def test_what_a_drill_sent_waits_only_where_it_is_asked_for(
    log: CaptureLog, table: QueueTable
) -> None:
    work, drill, _, _ = put(
        log,
        flagged(0.002),
        flagged(0.001, source=f"{MARK}one/0"),
        flagged(0.001, source=f"{MARK}one/1"),
        flagged(0.5, source=f"{MARK}one/2", yes=False),
    )
    found = queue(table)
    assert [group.shown for group in found.groups] == [work]
    assert (found.in_all, found.waiting, log.count(WAITING)) == (1, 1, 1)
    everything = queue(table, Wanted(CaptureFilter()))
    assert (everything.in_all, everything.waiting) == (3, 3)
    assert queue(table, Wanted(CaptureFilter(capture_ids=(drill,)))).waiting == 1


def test_of_equal_suspicion_the_newest_comes_first(log: CaptureLog, table: QueueTable) -> None:
    older, newer, newest, last = put(
        log,
        flagged(0.001, NOON),
        flagged(0.001, NOON + SECOND),
        flagged(0.001, NOON + 2 * SECOND, class_id=2),
        flagged(0.002, NOON + 3 * SECOND, class_id=3),
    )
    assert [group.free for group in queue(table).groups] == [(newest,), (newer, older), (last,)]


def test_where_few_groups_are_read_they_are_the_most_suspicious(
    log: CaptureLog, table: QueueTable
) -> None:
    names = put(log, *(flagged(0.001 * (k + 1), NOON + k * SECOND, class_id=k) for k in range(3)))
    found = queue(table, limit=2)
    assert [group.shown for group in found.groups] == names[:2]
    assert (found.in_all, found.waiting) == (3, 3)


def test_a_group_keeps_its_name_whatever_was_decided_or_filtered(
    log: CaptureLog, table: QueueTable
) -> None:
    first, second, third = put(log, *(flagged(0.001 * n, NOON + n * SECOND) for n in (1, 2, 3)))
    decide(log, first)
    (group,) = queue(table).groups
    assert (group.first, group.captures, group.waiting) == (first, 3, 2)
    assert (group.shown, group.free, group.p_value) == (second, (second, third), 0.002)
    (group,) = queue(table, Wanted(CaptureFilter(text=third))).groups
    assert (group.first, group.captures, group.waiting) == (first, 3, 1)
    assert group.free == (third,)
    assert [*table.group_of(third)] == [first, second, third]
    decide(log, second, third)
    assert queue(table) == Queue()


def test_what_the_trust_rule_flagged_without_a_p_value_comes_last(
    log: CaptureLog, table: QueueTable
) -> None:
    first, second, third, fourth = put(
        log,
        flagged(None),
        flagged(0.5, NOON + SECOND),
        flagged(None, class_id=2),
        flagged(0.9, class_id=1),
    )
    groups = queue(table).groups
    assert [(group.shown, group.p_value) for group in groups] == [
        (second, 0.5),
        (fourth, 0.9),
        (third, None),
    ]
    assert groups[0].free == (second, first)


def test_a_verdict_taken_back_lets_it_wait_again(log: CaptureLog, table: QueueTable) -> None:
    (name,) = put(log, flagged(0.001))
    log.verdicts.take_back(decide(log, name), analyst="cy", at=NOON)
    assert queue(table).waiting == 1
    assert table.standing([name], NOON) == {name: Standing(Status.NEW)}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(CaptureFilter(class_id=2)), {1}),
        (Wanted(CaptureFilter(source="van")), {1, 2}),
        (Wanted(CaptureFilter(endpoint="cars")), {2}),
        (Wanted(CaptureFilter(text="VA")), {1, 2}),
        (Wanted(CaptureFilter(text=" speed limit 50")), {1}),
        (Wanted(CaptureFilter(text="14 Stop")), {0, 2, 3}),
        (Wanted(CaptureFilter(text="foggy")), {3}),
        (Wanted(CaptureFilter(text="%")), set()),
        (Wanted(CaptureFilter(text="'; DROP TABLE log.captures; --")), set()),
        (Wanted(CaptureFilter(class_id=2, text="foggy")), set()),
        (Wanted(status=Status.NEW), {1, 2, 3}),
        (Wanted(status=Status.IN_WORK), {0}),
    ],
)
def test_filters_and_search(
    wanted: Wanted, found: set[int], log: CaptureLog, table: QueueTable
) -> None:
    names = put(
        log,
        flagged(0.001),
        flagged(0.002, class_id=2, source="van"),
        flagged(0.003, source="van", endpoint="cars"),
        flagged(0.004, NOON + 3 * PAUSE),
    )
    log.verdicts.take_back(decide(log, names[3], note="too Foggy"), analyst="cy", at=NOON)
    table.take([names[0]], BO, NOON)
    groups = queue(table, wanted).groups
    assert {group.shown for group in groups} == {names[number] for number in found}


def test_an_id_is_found_by_its_beginning(log: CaptureLog, table: QueueTable) -> None:
    name, _ = put(log, flagged(0.001), flagged(0.002, NOON + timedelta(days=1), 2))
    assert [
        group.shown for group in queue(table, Wanted(CaptureFilter(text=name[:13]))).groups
    ] == [name]
    assert queue(table, Wanted(CaptureFilter(text=name[1:13]))) == Queue()


def test_the_group_that_is_open_is_among_the_first(log: CaptureLog, table: QueueTable) -> None:
    names = put(log, *(flagged(0.001 * (k + 1), class_id=k) for k in range(5)))
    found = queue(table, limit=2, current=names[4])
    assert [group.first for group in found.groups] == [names[0], names[4]]
    assert (found.in_all, found.waiting) == (5, 5)


def test_what_was_passed_over_is_not_next(log: CaptureLog, table: QueueTable) -> None:
    names = put(log, *(flagged(0.001 * n, NOON + n * SECOND) for n in range(1, 8)))
    (group,) = queue(table, passed_over=names[:2]).groups
    assert (group.waiting, group.shown, group.free) == (7, names[0], tuple(names[2:6]))


# Assignments


def test_who_takes_has_it_until_the_lease_ends(log: CaptureLog, table: QueueTable) -> None:
    first, second = put(log, flagged(0.001), flagged(0.002, NOON + SECOND))
    assert table.take([first, second], ADA, NOON) == [first]
    held = Assignment(first, ADA, NOON, NOON + LEASE)
    assert table.assignment(first, NOON) == held
    assert table.in_work(NOON) == [held]
    assert table.standing([first, second], NOON) == {
        first: Standing(Status.IN_WORK, ADA),
        second: Standing(Status.NEW),
    }
    (group,) = queue(table, holder=BO).groups
    assert (group.waiting, group.elsewhere, group.free) == (2, 1, (second,))
    (group,) = queue(table, holder=ADA).groups
    assert (group.elsewhere, group.free) == (0, (first, second))
    assert queue(table, holder=BO).in_work == 1
    assert table.take([first, second], BO, NOON) == [second]
    assert table.take([first, second], Holder("cy", "3"), NOON) == []
    over = NOON + LEASE
    assert table.assignment(first, over) is None
    assert table.in_work(over) == []
    assert table.take([first], BO, over) == [first]


def test_two_windows_of_one_analyst_are_two_holders(log: CaptureLog, table: QueueTable) -> None:
    first, second = put(log, flagged(0.001), flagged(0.002, NOON + SECOND))
    other = Holder("ada", "window-9")
    assert table.take([first, second], ADA, NOON) == [first]
    assert table.take([first, second], other, NOON) == [second]
    assert table.take([first], other, NOON + SECOND, also_from="bo") == []
    assert table.take([first], other, NOON + SECOND, also_from="ada") == [first]
    assert table.assignment(first, NOON + SECOND).holder == other


def test_a_lease_can_be_renewed_and_given_back(log: CaptureLog, table: QueueTable) -> None:
    (name,) = put(log, flagged(0.001))
    table.take([name], ADA, NOON)
    table.take([name], ADA, NOON + LEASE / 2)
    assert table.assignment(name, NOON + LEASE).until == NOON + LEASE * 1.5
    table.give_back(name, BO, NOON + LEASE)  # it is not theirs
    assert table.assignment(name, NOON + LEASE).holder == ADA
    table.give_back(name, ADA, NOON + LEASE)
    assert table.assignment(name, NOON + LEASE) is None
    assert table.take([name], BO, NOON + LEASE) == [name]


def test_what_is_given_back_at_once_is_free(log: CaptureLog, table: QueueTable) -> None:
    (name,) = put(log, flagged(0.001))
    table.take([name], ADA, NOON)
    table.give_back(name, ADA, NOON)
    assert table.assignment(name, NOON) is None
    assert table.take([name], BO, NOON) == [name]


def test_what_is_in_work_is_listed_the_latest_first(log: CaptureLog, table: QueueTable) -> None:
    first, second, third = put(log, *(flagged(0.001, NOON + n * SECOND) for n in range(3)))
    for seconds, name in enumerate((second, third, first)):
        table.take([name], ADA, NOON + seconds * SECOND)
    found = table.in_work(NOON + 5 * SECOND)
    assert [each.capture_id for each in found] == [first, third, second]


def test_what_is_decided_cannot_be_taken(log: CaptureLog, table: QueueTable) -> None:
    first, second, third = put(log, *(flagged(0.001, NOON + n * SECOND) for n in range(3)))
    decide(log, first)
    assert table.take([first], ADA, NOON) == []
    assert table.take([first, third, second, third], ADA, NOON, most=9) == [third, second]
    assert table.standing([first], NOON) == {first: Standing(Status.DONE)}


def test_one_of_many_takes_wins(log: CaptureLog, table: QueueTable) -> None:
    names = put(log, *(flagged(0.001, NOON + n * SECOND) for n in range(6)))
    holders = [Holder("local", str(number)) for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda holder: table.take(names, holder, NOON), holders))
    assert sorted(name for each in taken for name in each) == sorted(names)
    assert sum(not each for each in taken) == 2


def test_a_capture_that_is_in_no_group(log: CaptureLog, table: QueueTable) -> None:
    (name,) = put(log, flagged(0.5, yes=False))
    assert table.group_of(name) == table.group_of("no id") == {}
    assert table.standing([], NOON) == {}
