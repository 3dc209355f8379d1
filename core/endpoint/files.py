"""Capture files through the signwatch process."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.capture.files.exporter import export_window
from core.capture.files.segments import MAX_CONTENT, Segment, read_frames
from core.endpoint.download import download
from core.endpoint.guard import read_body
from core.endpoint.json_body import NAME, TIME
from core.endpoint.openapi import BYTES, Described

FRAMES = "application/octet-stream"  # a line that says how many bytes follow it, and these
PIECE = 1_000_000  # bytes


@Described()
async def imports(request: Request) -> Response:
    """How far every capture file was imported, by its path."""
    states = await run_in_threadpool(lambda: services.current().captures.importer().states())
    return JSONResponse({"files": {path: state.to_json() for path, state in states.items()}})


@Described(body={FRAMES: BYTES})
async def import_captures(request: Request) -> Response:
    """Import lines of capture files, framed as `captures import` sends them."""
    body = await read_body(request, MAX_CONTENT)

    def work() -> Response:
        segments = [Segment.from_frame(*frame) for frame in read_frames([body])]
        return JSONResponse(services.current().captures.importer().add(segments).to_json())

    return await run_in_threadpool(work)


@Described(body={"application/jsonlines": BYTES})
async def ground_truth(request: Request) -> Response:
    """Keep labels of requests: JSON Lines, as SageMaker lays ground truth out."""
    signwatch = services.current()
    body = await read_body(request, signwatch.inference.limits.max_body_bytes)
    answer = await run_in_threadpool(signwatch.captures.merge_ground_truth, body)
    return JSONResponse(answer.to_json())


@Described(query={"since": TIME, "until": TIME, "endpoint": NAME}, answer={FRAMES: BYTES})
async def export_captures(request: Request) -> Response:
    """Stream capture files: `since`, `until`, `endpoint`, all optional. Takes byte ranges."""
    window = export_window(request.query_params)
    frames = (frame.to_bytes() for frame in services.current().captures.export(window))
    # What fails at once is answered with its status; later the stream can only break off.
    first = await run_in_threadpool(next, frames, b"")
    parts: Iterator[bytes] = chain([first], frames)
    return await download(request, parts, FRAMES)


@Described(answer={FRAMES: BYTES})
async def backup(request: Request) -> Response:
    """A file of the whole log as of now: `captures restore` proves it and puts it in place."""
    signwatch = services.current()
    file = await run_in_threadpool(signwatch.captures.backup, signwatch.settings.local)
    return await download(request, _pieces(file), FRAMES)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
