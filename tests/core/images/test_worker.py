"""The worker on its own: what it writes, how it ends, what it may take."""

import io
import subprocess
import sys

import pytest

from core.images import worker
from tests.support.heavy import jpeg
from tests.support.images import blocks, gradient, saved

FILE = saved(blocks(), "PNG")


def run(content: bytes, *asked: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", worker.__file__, *asked], input=content, capture_output=True
    )


def test_it_writes_rows_of_rgb() -> None:
    done = run(FILE, "PNG", "1", str(len(FILE)), "10", "100000000")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == blocks().tobytes()


def test_it_says_what_is_wrong() -> None:
    done = run(FILE[:-30], "PNG", "1", str(len(FILE) - 30), "10", "100000000")
    assert done.returncode == 1
    assert done.stderr.decode().strip() == "image file is truncated"
    assert done.stdout == b""


@pytest.mark.skipif(sys.platform != "linux", reason="the system holds the limit")
def test_it_may_take_no_more_than_it_was_lent() -> None:
    large = jpeg(5000, 5000)
    assert run(large, "JPEG", "1", str(len(large)), "10", "200000000").returncode == 0
    refused = run(large, "JPEG", "1", str(len(large)), "10", "1000000")
    assert (refused.returncode, refused.stdout) == (1, b"")


@pytest.mark.parametrize("reduction", [1, 2, 8, 16])
def test_stripes_join_to_the_whole(monkeypatch: pytest.MonkeyPatch, reduction: int) -> None:
    content = saved(gradient(333, 200), "JPEG", quality=95)
    whole = b"".join(worker.rows(io.BytesIO(content), "JPEG", reduction))
    assert len(whole) == 3 * -(-333 // reduction) * -(-200 // reduction)
    monkeypatch.setattr(worker, "STRIPE", 1)
    assert b"".join(worker.rows(io.BytesIO(content), "JPEG", reduction)) == whole
