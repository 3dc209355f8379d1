"""Both kinds of store; what holds for one has to hold for the other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from core.store import CaptureLog
from core.store.address import Address, FileAddress, LakeAddress
from tests.support.postgres import Server, postgres, unchecked

__all__ = ["postgres", "unchecked"]

KINDS = ["file", "lake"]
NewAddress = Callable[[Path], Address]
Lend = Callable[[Path], AbstractContextManager[Address]]


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each test runs on one after the other."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def new_address(kind: str, request: pytest.FixtureRequest) -> NewAddress:
    """Makes the address of a store that is not there yet, with its files in the folder given."""
    if kind == "file":
        return lambda folder: FileAddress(folder / "log.duckdb")
    server: Server = request.getfixturevalue("postgres")
    return lambda folder: LakeAddress(server.new_database(), str(folder / "lake"))


@pytest.fixture(scope="session")
def lend(kind: str, new_address: NewAddress, request: pytest.FixtureRequest) -> Lend:
    """Lends an empty store with its files in the folder given; a lake is a copy of an empty one."""
    if kind == "file":
        return lambda folder: nullcontext(new_address(folder))
    server: Server = request.getfixturevalue("postgres")
    request.getfixturevalue("unchecked")
    return lambda folder: server.lake(folder / "lake")


@pytest.fixture
def address(lend: Lend, tmp_path: Path) -> Iterator[Address]:
    """The address of an empty store of the test's own."""
    with lend(tmp_path) as address:
        yield address


@pytest.fixture
def log(address: Address) -> Iterator[CaptureLog]:
    """An empty log of the test's own."""
    log = CaptureLog(address)
    yield log
    log.close()


@contextmanager
def lent(lend: Lend, folder: Path) -> Iterator[CaptureLog]:
    with lend(folder) as address:
        log = CaptureLog(address)
        yield log
        log.close()


@pytest.fixture(scope="module")
def maintained_log(lend: Lend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaptureLog]:
    """One log for the examples of a property test that puts it in order, with a few days in it."""
    with lent(lend, tmp_path_factory.mktemp("log")) as log:
        yield log


@pytest.fixture(scope="module")
def shared_log(lend: Lend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaptureLog]:
    """One log for the examples of a property test; records have ids of their own."""
    with lent(lend, tmp_path_factory.mktemp("log")) as log:
        yield log
