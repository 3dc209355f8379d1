"""The mutants apply to the code as it is, and cover it; the outcome of one is right."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.__main__ import report
from tests.mutants.mutant import ROOT, DoesNotApply, Mutant, mirrored, read_all
from tests.mutants.trial import Copy, NothingLearned, Outcome, Results, key

MUTANTS = read_all()
SOURCE, TEST = "doubling.py", "test_it.py"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file}: {mutant.name}")
def test_every_mutant_applies_and_is_python(mutant: Mutant) -> None:
    compile(mutant.applied(ROOT), mutant.file, "exec")
    assert mutant.new != mutant.old
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text() or not name


def test_there_are_enough_and_no_two_are_one() -> None:
    assert len(MUTANTS) >= 200
    assert len({(mutant.file, mutant.applied(ROOT)) for mutant in MUTANTS}) == len(MUTANTS)
    assert len({(mutant.file, mutant.name) for mutant in MUTANTS}) == len(MUTANTS)


def test_every_room_has_its_mutants() -> None:
    rooms = {
        path.parent if path.parent != ROOT / "core" else path
        for path in [*ROOT.glob("core/*/**/*.py"), *ROOT.glob("pages/**/*.py")]
        if path.name != "__init__.py"
    }
    reached = {(ROOT / mutant.file).parent for mutant in MUTANTS}
    assert {str(room.relative_to(ROOT)) for room in rooms - reached} == set()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one module and one test in the place of ours."""
    project = tmp_path / "small"
    project.mkdir()
    (project / SOURCE).write_text("def double(x):\n    return 2 * x  # twice\n")
    (project / TEST).write_text(
        "from doubling import double\n\ndef test_it():\n    assert double(3) == 6\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    monkeypatch.setattr("tests.mutants.trial.ROOT", project)
    return project


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Iterator[Copy]:
    """A copy of it."""
    copy = Copy(tmp_path / "copy", set(), libraries=("pytest", "hypothesis"))
    yield copy
    copy.close()


def mutant(old: str, new: str) -> Mutant:
    """A change to `SOURCE`, for `TEST` to notice."""
    return Mutant("a change", SOURCE, old, new, (TEST,))


def test_a_change_is_noticed_or_survives_and_is_taken_back(project: Path, copy: Copy) -> None:
    assert copy.outcome(mutant("2 * x", "3 * x")) is Outcome.NOTICED
    assert copy.outcome(mutant("twice", "doubled")) is Outcome.SURVIVED
    assert copy.outcome(mutant("def double", "def triple")) is Outcome.NOTICED
    assert (copy.folder / SOURCE).read_bytes() == (project / SOURCE).read_bytes()


def test_tests_that_fail_anyway_teach_nothing(copy: Copy) -> None:
    (copy.folder / TEST).write_text("def test_it():\n    assert False\n")
    with pytest.raises(NothingLearned, match=r"unchanged, test_it\.py ends with 1"):
        copy.outcome(mutant("2 * x", "3 * x"))
    (copy.folder / TEST).write_text("")
    with pytest.raises(NothingLearned, match="a change: pytest ends with 5"):
        copy.outcome(mutant("twice", "doubled"))


def test_what_hangs_is_noticed(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.mutants.trial.TIME_LIMIT", 5)
    assert copy.outcome(mutant("return 2 * x", "while True: pass")) is Outcome.NOTICED


def test_a_change_that_does_not_apply_says_so(project: Path) -> None:
    with pytest.raises(DoesNotApply, match=r"'gone' stands 0 times in doubling\.py"):
        mutant("gone", "").applied(project)


def test_outcomes_outlive_an_interruption(tmp_path: Path) -> None:
    results = Results(tmp_path / "deep" / "results.json")
    results.keep("a", Outcome.NOTICED)
    results.keep("b", Outcome.SURVIVED)
    assert Results(results.path).known == {"a": "noticed", "b": "survived"}


def test_the_key_changes_with_the_change_the_code_and_the_tests(project: Path) -> None:
    one = mutant("2 * x", "3 * x")
    before = key(one)
    assert key(replace(one, name="b", harmless="a reason")) == before
    assert key(replace(one, new="4 * x")) != before
    for name in (SOURCE, TEST):
        (project / name).write_text((project / name).read_text() + "\n")
        changed, before = before, key(one)
        assert changed != before


def test_the_nearest_tests_are_those_at_the_mirrored_path() -> None:
    assert mirrored("core/attacks/pgd.py") == "tests/core/attacks/test_pgd.py"


def test_a_survivor_without_an_answer_is_short(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = Results(tmp_path / "results.json")
    mutants = [mutant("2 * x", f"{number} * x") for number in range(3, 23)]
    for each in mutants:
        results.keep(key(each), Outcome.NOTICED)
    assert report(mutants, results) == 0
    results.keep(key(mutants[0]), Outcome.SURVIVED)
    assert report(mutants, results) == 1
    answered = [replace(mutants[0], harmless="a message"), *mutants[1:]]
    assert report(answered, results) == 0
    results.keep(key(mutants[1]), Outcome.SURVIVED)
    assert report([replace(each, harmless="a reason") for each in mutants], results) == 1
    assert capsys.readouterr().out.splitlines() == [
        "noticed 20 of 20: 1.000  >= 0.92  holds",
        "survived  doubling.py: a change: NO ANSWER",
        "noticed 19 of 20: 0.950  >= 0.92  holds",
        "survived  doubling.py: a change: a message",
        "noticed 19 of 20: 0.950  >= 0.92  holds",
        "survived  doubling.py: a change: a reason",
        "survived  doubling.py: a change: a reason",
        "noticed 18 of 20: 0.900  >= 0.92  short",
    ]
