"""Errors matched in full: the class itself, and every character of the text."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def raises(kind: type[BaseException], message: str) -> Iterator[None]:
    """The block raises exactly `kind`, not a subclass, with exactly `message`."""
    with pytest.raises(kind) as caught:
        yield
    assert str(caught.value) == message
    assert type(caught.value) is kind
