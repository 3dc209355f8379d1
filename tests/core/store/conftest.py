"""Both kinds of store; what holds for one has to hold for the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.store import CaptureLog
from core.store.address import Address, FileAddress, LakeAddress
from tests.support.postgres import Server, postgres

__all__ = ["postgres"]

KINDS = ["file", "lake"]
NewAddress = Callable[[Path], Address]


@pytest.fixture(scope="session", params=KINDS)
def new_address(request: pytest.FixtureRequest) -> NewAddress:
    """Makes the address of an empty store, with its files in the folder given."""
    if request.param == "file":
        return lambda folder: FileAddress(folder / "log.duckdb")
    server: Server = request.getfixturevalue("postgres")
    return lambda folder: LakeAddress(server.new_database(), str(folder / "lake"))


@pytest.fixture
def address(new_address: NewAddress, tmp_path: Path) -> Address:
    """The address of an empty store of the test's own."""
    return new_address(tmp_path)


@pytest.fixture
def log(address: Address) -> Iterator[CaptureLog]:
    """An empty log of the test's own."""
    log = CaptureLog(address)
    yield log
    log.close()


@pytest.fixture(scope="module")
def maintained_log(
    new_address: NewAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CaptureLog]:
    """One log for the examples of a property test that puts it in order, with a few days in it."""
    log = CaptureLog(new_address(tmp_path_factory.mktemp("log")))
    yield log
    log.close()


@pytest.fixture(scope="module")
def shared_log(
    new_address: NewAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CaptureLog]:
    """One log for the examples of a property test; records have ids of their own."""
    log = CaptureLog(new_address(tmp_path_factory.mktemp("log")))
    yield log
    log.close()
