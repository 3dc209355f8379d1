"""Waiting for a condition instead of for a time."""

import threading
from collections.abc import Callable

import pytest

LONGEST = 60.0  # seconds until a test that hangs fails


def until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as `condition` holds; fail, naming `what`, if it never does."""
    pause = threading.Event()
    for _ in range(int(LONGEST / 0.005)):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail(f"waited {LONGEST:g} seconds in vain: {what}")
