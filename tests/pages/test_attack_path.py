"""From the click on Attack to the step: at most four calls between the project's modules."""

import traceback
from pathlib import Path

import pytest
from torch import Tensor

from core.attacks import PGD
from core.attacks.task import Point, Task
from core.jobs import Job
from tests.pages.conftest import OpenPage
from tests.support.attacking import dropped, finished, press
from tests.support.images import blocks

ROOT = Path(__file__).parents[2]


def modules_of(stack: traceback.StackSummary) -> list[str]:
    """The project's modules on a stack, outermost first; frames of one module count once."""
    files = [Path(frame.filename) for frame in stack]
    own = [str(file.relative_to(ROOT)) for file in files if file.is_relative_to(ROOT / "core")]
    return [file for place, file in enumerate(own) if place == 0 or own[place - 1] != file]


def test_four_calls_from_the_click_to_the_step(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks: list[list[str]] = []
    step = PGD.step

    def recorded(self: PGD, task: Task, point: Point) -> Tensor:
        stacks.append(modules_of(traceback.extract_stack()[:-1]))
        return step(self, task, point)

    begin = Job.__init__
    starts: list[str] = []

    def started(self: object, title: str, work: object) -> None:
        starts.append(traceback.extract_stack()[-2].filename)
        begin(self, title, work)

    monkeypatch.setattr(PGD, "step", recorded)
    monkeypatch.setattr(Job, "__init__", started)
    finished(press(dropped(open_page("attack", attack="pgd", target="any", steps="2"), blocks(6))))
    assert starts == [str(ROOT / "pages" / "attack.py")]
    assert stacks
    # With pages/attack.py before and pgd.py after: four calls.
    assert {tuple(stack) for stack in stacks} == {
        ("core/jobs.py", "core/attacks/lab.py", "core/attacks/base.py")
    }
