"""Throughput and latency of the endpoint, beside the plain forward pass and other servers."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import httpx
import numpy as np
import torch

from core.images import decode, encode_png
from core.model.classifier import to_tensor
from core.model.suspicion.transforms import TRANSFORMS
from core.settings import ROOT
from tests.benchmarks import load
from tests.benchmarks.rows import Row, Rows, held_out, model

CLIENTS = 32
REQUESTS = 3000
BATCH = 32
START_SECONDS = 120
PASSES = 1 + len(TRANSFORMS)


def rows() -> Rows:
    """32 clients at once: rate against the plain forward pass and the peers; one: latency."""
    chosen = held_out().sample(512, seed=0)
    images = [encode_png(pixels) for pixels in chosen.images]
    plain = _plain_rate(chosen.images)
    as_png = [load.png_request(image) for image in images]
    as_json = [load.json_request(image) for image in images]
    with tempfile.TemporaryDirectory() as folder:
        with ours(Path(folder)) as port:
            load.send(port, as_png, requests=300, clients=CLIENTS)
            many = load.send(port, as_png, requests=REQUESTS, clients=CLIENTS)
            one = load.send(port, as_png, requests=200, clients=1)
        captured = _captured(Path(folder) / "signwatch.duckdb")
    # LitServe hands only JSON and forms on to the model.
    peers = {"litserve": _peer_rate("litserve", as_json), "fastapi": _peer_rate("fastapi", as_png)}
    # Suspicion computes transforms too: every rate is counted in forward passes.
    plain = statistics.mean([plain, _plain_rate(chosen.images)]) / PASSES
    peers = {name: rate / PASSES for name, rate in peers.items()}
    print(
        f"by {PASSES} passes: plain, batch {BATCH}: {plain:.0f} images/s; ours {many.rate:.0f}; "
        + "; ".join(f"{name} {rate:.0f}" for name, rate in peers.items())
    )
    yield Row("32 clients: rate / plain, by three passes", many.rate / plain, 0.6, True)
    yield Row(
        "32 clients: rate / LitServe, by three passes", many.rate / peers["litserve"], 1, True
    )
    yield Row("32 clients: rate / FastAPI, by three passes", many.rate / peers["fastapi"], 1, True)
    yield Row("32 clients: captured / answered", captured / (300 + REQUESTS + 200), 1, True)
    single = _decode_and_forward_seconds(images)
    added = (statistics.median(one.latencies) - single) * 1000
    yield Row("1 client: median latency beyond decoding and forward, ms", added, 8, False)


@torch.inference_mode()
def _plain_rate(images: list[np.ndarray]) -> float:
    """Images a second in batches, resized within the model as in serving."""
    batches = to_tensor(np.stack(images)).split(BATCH)
    model()(batches[0])
    begun = time.perf_counter()
    for batch in batches * 2:
        model()(batch)
    return 2 * len(images) / (time.perf_counter() - begun)


@torch.inference_mode()
def _decode_and_forward_seconds(images: list[bytes]) -> float:
    """Median of decoding one image and one forward pass of it and its transforms."""
    seconds = []
    for image in images[:100]:
        begun = time.perf_counter()
        model()(to_tensor(decode(image)[None]).repeat(PASSES, 1, 1, 1))
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


@contextmanager
def ours(folder: Path, **settings: str) -> Iterator[int]:
    """The dashboard as `make run` starts it, over an empty log. settings: beside the defaults."""
    port = _free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGNWATCH_")}
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]
    with _served(command, port, environment | {"SIGNWATCH_LOCAL": str(folder)} | settings):
        yield port


def _peer_rate(name: str, messages: list[bytes]) -> float:
    port = _free_port()
    command = [sys.executable, "-m", f"tests.benchmarks.peers.{name}_server", str(port)]
    with _served(command, port, dict(os.environ)):
        load.send(port, messages, requests=300, clients=CLIENTS)
        return load.send(port, messages, requests=REQUESTS // 2, clients=CLIENTS).rate


@contextmanager
def _served(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} does not answer on port {port}")
            time.sleep(0.2)
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _captured(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("SELECT count(*) FROM captures").fetchone()
        return int(found[0]) if found else 0
