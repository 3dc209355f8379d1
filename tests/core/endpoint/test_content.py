"""Bodies in a coding, over HTTP and by hand."""

import gzip
import zlib

import pytest
from starlette.datastructures import Headers

from core.endpoint.content import MOST_MEMBERS, content_coding, decoded
from core.errors import BadInput, TooLarge, UnsupportedMedia
from core.services import Services
from tests.conftest import TestClient
from tests.support.endpoint import IMAGE, JSON, PNG, Refusals, as_json, captures
from tests.support.expect import raises

TOO_LONG = "the body is longer than 100 bytes"


def raw_deflate(content: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(content) + packing.flush()


PACKED = [
    ("gzip", gzip.compress),
    ("GZip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("identity, gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("identity", bytes),
    ("", bytes),
]


@pytest.mark.parametrize(("coding", "pack"), PACKED)
def test_a_body_is_read_without_its_coding(
    client: TestClient, signwatch: Services, coding: str, pack: object
) -> None:
    headers = PNG | {"Content-Encoding": coding}
    answer = client.post("/invocations", content=pack(IMAGE), headers=headers)  # type: ignore[operator]
    assert answer.status_code == 200
    (capture,) = captures(signwatch)
    assert signwatch.captures.stored_image(capture.image_sha256).content == IMAGE


def test_every_route_reads_codings(client: TestClient) -> None:
    packed = gzip.compress(b'{"threshold": 2}')
    answer = client.post("/api/monitor/run", content=packed, headers={"Content-Encoding": "gzip"})
    assert answer.json()["message"] == "threshold must lie in (0, 1], got 2"


@pytest.mark.parametrize(
    ("coding", "shown"),
    [("br", "br"), ("zstd", "zstd"), ("gzip, deflate", "gzip, deflate"), ("x" * 200, "x" * 99)],
)
def test_another_coding_is_named(client: TestClient, coding: str, shown: str) -> None:
    answer = client.post("/invocations", content=b"", headers=PNG | {"Content-Encoding": coding})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip, deflate"
    message = answer.json()["message"]
    assert message.startswith(f"Content-Encoding must be gzip or deflate, once, got '{shown}")


def test_what_is_small_only_in_its_coding_is_refused(refusals: Refusals) -> None:
    """20 kB that would be 20 MB."""
    bomb = gzip.compress(bytes(20_000_001))
    assert len(bomb) < 25_000
    refusals.expect(
        413,
        "TooLarge",
        "without its coding gzip, the body is longer than 20,000,000 bytes "
        "(SIGNWATCH_MAX_BODY_BYTES)",
        content=bomb,
        headers=PNG | {"Content-Encoding": "gzip"},
    )
    fits = as_json(IMAGE) + b" " * 1_000_000
    packed = JSON | {"Content-Encoding": "gzip"}
    answer = refusals.client.post("/invocations", content=gzip.compress(fits), headers=packed)
    assert answer.status_code == 200


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_what_fits_exactly_is_read(size: int) -> None:
    content = bytes(size)
    for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        assert decoded(pack(content), coding, 100, TOO_LONG) == content
        with raises(TooLarge, f"without its coding {coding}, {TOO_LONG}"):
            decoded(pack(bytes(101)), coding, 100, TOO_LONG)


def test_a_body_may_be_of_several_members() -> None:
    """As tools write it that pack in parallel."""
    packed = gzip.compress(b"ab") + gzip.compress(b"") + gzip.compress(b"cd")
    assert decoded(packed, "gzip", 100, TOO_LONG) == b"abcd"
    large = gzip.compress(bytes(range(256)) * 1000, compresslevel=0)
    assert decoded(large + large, "gzip", 10**6, TOO_LONG) == bytes(range(256)) * 2000
    with raises(TooLarge, f"without its coding gzip, {TOO_LONG}"):
        decoded(gzip.compress(bytes(60)) * 2, "gzip", 100, TOO_LONG)
    assert decoded(gzip.compress(b"") * MOST_MEMBERS, "gzip", 100, TOO_LONG) == b""
    with raises(BadInput, "the body is of more than 1,000 gzip members"):
        decoded(gzip.compress(b"") * (MOST_MEMBERS + 1), "gzip", 100, TOO_LONG)


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_a_body_that_breaks_off_is_refused(cut: int) -> None:
    packed = gzip.compress(b"a body")
    with raises(BadInput, "the body breaks off; expected all of its gzip coding"):
        decoded(packed[:-cut], "gzip", 100, TOO_LONG)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_damaged_body_is_refused(coding: str) -> None:
    with pytest.raises(BadInput, match=f"the body is not in the coding {coding}: Error -3 while"):
        decoded(b"\x78\x9c" + b"\xff" * 20, coding, 100, TOO_LONG)
    damaged = bytearray(gzip.compress(b"a body"))
    damaged[-8] ^= 1
    with pytest.raises(BadInput, match="incorrect data check"):
        decoded(bytes(damaged), "gzip", 100, TOO_LONG)


def test_no_coding_is_none() -> None:
    for given in ({}, {"content-encoding": ""}, {"content-encoding": "identity,, Identity"}):
        assert content_coding(Headers(given)) is None
    with pytest.raises(UnsupportedMedia):
        content_coding(Headers(raw=[(b"content-encoding", b"gzip")] * 2))
