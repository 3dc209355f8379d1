"""What a person does on the Attack page."""

from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from core.records.attacks import AttackedImage
from tests.support.elements import labelled
from tests.support.images import saved
from tests.support.waiting import LONGEST


def dropped(at: AppTest, *images: np.ndarray[Any, Any]) -> AppTest:
    """The page with images dropped on it: each counts as its predicted class."""
    files = [(f"{n}.png", saved(pixels, "PNG"), "image/png") for n, pixels in enumerate(images)]
    at.file_uploader(key="attack_upload").set_value(files).run()
    assert not at.exception
    return at


def press(at: AppTest, label: str = "Attack") -> AppTest:
    """Start the work of the page."""
    labelled(at.button, label).click().run()
    assert not at.exception
    return at


def finished(at: AppTest, what: str = "attack") -> AppTest:
    """The page after the work that was started has ended: an attack, or to send."""
    if f"{what}_job" in at.session_state:
        assert at.session_state[f"{what}_job"][1].wait(LONGEST)
        at.run()
    assert not at.exception
    return at


def result(at: AppTest) -> AttackedImage:
    """The result of one attack on one sign."""
    return at.session_state["attack_results"]["one"][0]
