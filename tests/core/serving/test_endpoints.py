"""Which endpoints are served."""

import pytest

from core.errors import BadInput, NotFound
from core.serving.endpoints import REFRESH_SECONDS, Endpoints
from tests.support.expect import raises


class Log:
    """Names of a log, and how often they were read."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.reads = 0

    def read(self) -> list[str]:
        self.reads += 1
        return self.names


def test_the_default_those_of_the_settings_and_those_of_the_log_are_served() -> None:
    log = Log("vans")
    endpoints = Endpoints(["cars"], log.read)
    assert [endpoints.check(name) for name in ("signwatch", "cars")] == ["signwatch", "cars"]
    assert log.reads == 0
    assert endpoints.check("vans") == "vans"
    assert endpoints.knows("vans")


def test_another_name_is_a_mistake() -> None:
    with raises(
        NotFound,
        "there is no endpoint signwacht; known: cars, signwatch. SIGNWATCH_ENDPOINTS names "
        "further ones",
    ):
        Endpoints(["cars"], Log().read).check("signwacht")


def test_a_message_does_not_grow_without_end() -> None:
    endpoints = Endpoints([f"e{number:02}" for number in range(30)], Log().read)
    with pytest.raises(NotFound, match=r"e00, .*, e19 and 11 more\. "):
        endpoints.check("other")


def test_a_bad_name_is_no_name() -> None:
    log = Log()
    with pytest.raises(BadInput, match="endpoint name must be"):
        Endpoints([], log.read).check("a_b")
    assert log.reads == 0


def test_the_log_is_read_again_after_a_while() -> None:
    now = [0.0]
    log = Log()
    endpoints = Endpoints([], log.read, clock=lambda: now[0])
    for _ in range(9):
        with pytest.raises(NotFound):
            endpoints.check("vans")
    assert log.reads == 1
    log.names.append("vans")
    now[0] = REFRESH_SECONDS
    assert endpoints.check("vans") == "vans"
    assert log.reads == 2


def test_a_name_that_was_just_added_is_served_at_once() -> None:
    endpoints = Endpoints([], Log().read)
    endpoints.add("vans")
    assert endpoints.check("vans") == "vans"
