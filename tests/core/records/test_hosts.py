"""Names of this server, and which page is of the same origin."""

import pytest

from core.errors import BadInput
from core.records.hosts import (
    Authority,
    Origin,
    is_local,
    origin_of,
    parse_authority,
    parse_hosts,
    parse_origin,
)
from tests.support.expect import raises


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Localhost:8501", Authority("localhost", 8501)),
        ("signs.example.org", Authority("signs.example.org")),
        ("[::1]:8501", Authority("::1", 8501)),
        ("127.0.0.1", Authority("127.0.0.1")),
    ],
)
def test_a_host_header_is_read(text: str, found: Authority) -> None:
    assert parse_authority(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "]",
        "[::1",
        "[localhost]",
        "[127.0.0.1",
        "//",
        "@",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost/evil",
        "localhost?",
        "localhost#",
        "localhost:x",
        "localhost:",
        "::1",
        "a b",
        "localhost:123456",
        "localhost\\evil",
    ],
)
def test_what_is_no_host_is_none(text: str) -> None:
    assert parse_authority(text) is None
    assert parse_origin(f"http://{text}") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://localhost:8501", Origin("http", "localhost", 8501)),
        ("https://signs.example.org", Origin("https", "signs.example.org", 443)),
        ("http://[::1]", Origin("http", "::1", 80)),
        ("null", None),
        ("localhost", None),
        ("ftp://localhost", None),
        ("https://localhost/", None),
    ],
)
def test_an_origin_is_read(text: str, found: Origin | None) -> None:
    assert parse_origin(text) == found


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:8501", "localhost:8501", True),
        ("http://localhost:3000", "localhost:8501", False),
        ("http://localhost", "localhost:8501", False),
        ("http://127.0.0.1:8501", "localhost:8501", False),
        ("https://a.org", "a.org", True),  # a proxy took TLS away
        ("https://a.org", "a.org:443", True),
        ("http://a.org", "a.org", True),
        ("https://a.org:3000", "a.org", False),
        ("https://b.a.org", "a.org", False),
    ],
)
def test_the_same_origin_has_the_same_port(origin: str, host: str, same: bool) -> None:
    page, server = parse_origin(origin), parse_authority(host)
    assert page is not None
    assert server is not None
    assert page.is_of(server) is same


def test_a_page_has_the_origin_of_its_address() -> None:
    assert origin_of("https://signs.example.org/monitor?a=b") == Origin(
        "https", "signs.example.org", 443
    )
    assert origin_of("") is None


@pytest.mark.parametrize("name", ["localhost", "signs.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_goes_by_many_names(name: str) -> None:
    assert is_local(name)


@pytest.mark.parametrize("name", ["evillocalhost", "localhost.evil.org", "0.0.0.0", "10.0.0.1", ""])
def test_others_are_no_local_names(name: str) -> None:
    assert not is_local(name)


def test_hosts_are_read() -> None:
    assert parse_hosts("") == ()
    assert parse_hosts("Signs.Example.org,10.0.0.7\n[FE80::1] ::2 signwatch_1") == (
        "signs.example.org",
        "10.0.0.7",
        "fe80::1",
        "::2",
        "signwatch_1",
    )


@pytest.mark.parametrize("word", ["http://a.org", "a.org:8501", "*", "a/b", ".a", "a..b"])
def test_what_is_no_name_is_refused(word: str) -> None:
    with raises(
        BadInput,
        "expected host names like signwatch.example.org or addresses like 192.168.1.5, without "
        f"scheme and port, got {word!r}",
    ):
        parse_hosts(word)
