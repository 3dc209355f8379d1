"""What a body is packed in: content codings and forms."""

from __future__ import annotations

import logging
import zlib
from collections.abc import AsyncIterator

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from core.errors import BadInput, TooLarge, UnsupportedMedia

CODINGS = ("gzip", "deflate")
FORM = "multipart/form-data"
CHUNK = 65_536
MOST_MEMBERS = 1000  # of one gzip body: each costs, however little it holds
MOST_FIELDS = 100
logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every odd form
HOW = "send it as `curl -F file=@sign.png`"


def content_coding(headers: Headers) -> str | None:
    """The coding of a body, one of CODINGS; None without one. Raises UnsupportedMedia."""
    given = ",".join(headers.getlist("content-encoding")).lower().split(",")
    codings = [name for each in given if (name := each.strip()) not in ("", "identity")]
    if not codings:
        return None
    if len(codings) == 1 and (coding := codings[0].removeprefix("x-")) in CODINGS:
        return coding
    raise UnsupportedMedia(
        f"Content-Encoding must be {' or '.join(CODINGS)}, once, got {', '.join(codings)!r:.100}"
    )


def decoded(body: bytes, coding: str, most: int, too_long: str) -> bytes:
    """A body without its coding, never more than `most` bytes in memory.

    Raises
    ------
    TooLarge
        It would be longer; with `too_long` as its text.
    BadInput
        It is damaged or breaks off.
    """
    parts, size, position, members = [], 0, 0, 0
    while position < len(body):
        if members == MOST_MEMBERS:
            raise BadInput(f"the body is of more than {MOST_MEMBERS:,} {coding} members")
        members += 1
        inflate = zlib.decompressobj(_window(body, coding))
        while not inflate.eof:
            chunk = body[position : position + CHUNK]
            if not chunk:
                raise BadInput(f"the body breaks off; expected all of its {coding} coding")
            try:
                part = inflate.decompress(chunk, most - size + 1)
            except zlib.error as error:
                raise BadInput(f"the body is not in the coding {coding}: {error}") from error
            position += len(chunk) - len(inflate.unused_data)
            parts.append(part)
            size += len(part)
            if size > most:
                raise TooLarge(f"without its coding {coding}, {too_long}")
    return b"".join(parts)


def _window(body: bytes, coding: str) -> int:
    """What zlib calls a format: gzip, zlib, or, as some send `deflate`, neither."""
    if coding == "gzip":
        return 16 + zlib.MAX_WBITS
    is_zlib = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


async def form_files(body: bytes, content_type: str, most: int) -> list[bytes]:
    """The files of a form, at most so many; other fields are left out. Raises BadInput."""

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), CHUNK):
            yield body[start : start + CHUNK]

    headers = Headers({"content-type": content_type})
    parser = _InMemory(headers, parts(), max_files=most, max_fields=MOST_FIELDS)  # type: ignore[arg-type]
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BadInput(f"the form cannot be read ({error.message.rstrip('.')}); {HOW}") from error
    try:
        files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
        if not files:
            raise BadInput(f"the form has no file; {HOW}")
        return [await each.read() for each in files]
    finally:
        await form.close()


class _InMemory(MultiPartParser):
    spool_max_size = 2**62  # the body is in memory, and no larger than a body may be
