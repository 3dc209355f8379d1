"""Downloads: whole, or the byte ranges that are asked for."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from core.errors import Unavailable

# Of other units, and what is malformed, RFC 9110 has the header ignored.
RANGES = re.compile(
    r"bytes=\s*(\d{1,18}-\d{0,18}|-\d{1,18})(\s*,\s*(\d{1,18}-\d{0,18}|-\d{1,18}))*"
)
MOST_RANGES = 20


async def download(request: Request, content: bytes | Iterator[bytes], media_type: str) -> Response:
    """The answer with `content`; where ranges are asked for, it is written to a file first."""
    asked = request.headers.get("range", "")
    if RANGES.fullmatch(asked) and asked.count(",") < MOST_RANGES:
        parts = iter([content]) if isinstance(content, bytes) else content
        return await run_in_threadpool(_spooled, parts, media_type)
    if isinstance(content, bytes):
        return Response(content, media_type=media_type, headers=_headers(sha256(content)))
    if request.method == "HEAD":  # how long it would be is known at its end alone
        response = Response(media_type=media_type, headers=_headers())
        del response.headers["content-length"]
        return response
    return StreamingResponse(content, media_type=media_type, headers=_headers())


def _spooled(parts: Iterable[bytes], media_type: str) -> Response:
    digest = sha256()
    handle, path = tempfile.mkstemp(prefix="signwatch-download-")
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                digest.update(part)
                file.write(part)
    except BaseException as error:
        Path(path).unlink()
        if isinstance(error, OSError):
            raise Unavailable(
                f"ranges are cut from a file that could not be written ({error}); ask for the whole"
            ) from error
        raise
    return _Spooled(path, media_type=media_type, headers=_headers(digest))


def _headers(digest: hashlib._Hash | None = None) -> dict[str, str]:
    """A tag of the content, where it is known, lets a client ask for the rest of the same."""
    tag = {} if digest is None else {"etag": f'"{digest.hexdigest()}"'}
    return {"accept-ranges": "bytes"} | tag


class _Spooled(FileResponse):
    """A file that is there as long as its answer takes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            Path(self.path).unlink()
