"""The endpoint under load, beside plain forward passes and servers that do less.

Everything is counted in images a second of real time, whatever is done for an image: ours predicts
it and its transforms (three forward passes), judges it, captures it durably and answers.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import torch
from torch import Tensor

from core.images import decode, encode_png
from core.model.classifier import to_tensor
from core.model.suspicion.features import FeatureExtractor, extract
from tests.benchmarks import load
from tests.benchmarks.load import Load
from tests.benchmarks.rounds import interleaved, seconds
from tests.benchmarks.rows import Row, Rows, held_out, model
from tests.benchmarks.servers import Server, ours, peer

IMAGES = 512
CLIENTS = 32
REQUESTS = 600  # a round
ALONE = 40  # requests of the one client, a round
BATCH = 32
# LitServe hands only JSON and forms on to the model.
PEERS = {"LitServe": load.json_request, "FastAPI": load.png_request}
# Each runs twice, and the faster one counts: a pass on all cores, as torch does it, or on one.
TUNED, ONE_THREAD = ", one thread a pass", {"OMP_NUM_THREADS": "1"}


def rows() -> Rows:
    """32 clients at once: rates; one client: latency; then what of all that was captured."""
    images = [encode_png(pixels) for pixels in held_out().sample(IMAGES, seed=0).images]
    messages = [load.png_request(image) for image in images]
    answers: list[bytes] = []
    with tempfile.TemporaryDirectory() as folder:
        with ExitStack() as stack:
            running, absent = _peers(images, stack)
            server = stack.enter_context(ours(Path(folder)))

            def send(requests: int, clients: int) -> Load:
                with server.alone() as port:
                    answered = load.send(port, messages, requests=requests, clients=clients)
                answers.extend(answered.bodies)
                return answered

            yield from _rates(lambda: send(REQUESTS, CLIENTS).rate, images, running, absent)
            yield from _latency(lambda: statistics.median(send(ALONE, 1).latencies), images)
        captured = _captured(Path(folder) / "signwatch.duckdb")
    share = captured_once([_capture_id(body) for body in answers], captured)
    yield Row("answered requests that are captured, each once", share, 1, True)


def captured_once(answered: Sequence[str], captured: Sequence[str]) -> float:
    """Share of the ids that stand in both lists once each; what either has beyond counts as well.

    0 if nothing was answered.
    """
    once = [
        {name for name, count in Counter(names).items() if count == 1}
        for names in (answered, captured)
    ]
    return len(once[0] & once[1]) / max(len(answered), len(captured), 1)


def _rates(
    send: Callable[[], float],
    images: Sequence[bytes],
    running: Mapping[str, Callable[[], float]],
    absent: Mapping[str, RuntimeError],
) -> Rows:
    """What is compared runs in turn, while the other servers stand still."""
    ways = {
        "ours": send,
        "one pass": partial(_plain_rate, images, _classes),
        "with transforms": partial(_plain_rate, images, _with_transforms()),
        **running,
    }
    rates = {name: np.array(found) for name, found in interleaved(ways).items()}
    shown = {name: f"{np.median(found):.0f}" for name, found in rates.items()}
    print(
        f"images/s with {CLIENTS} clients: ours, PNG in, three passes, captured, {shown['ours']}; "
        + "; ".join(f"{name}, {shown[name]}" for name in running)
        + f" (LitServe: PNG in JSON, one pass in batches; FastAPI: PNG in, one pass each). Plain, "
        f"PNGs decoded and predicted in batches of {BATCH}, one pass, {shown['one pass']}, with "
        f"transforms and features, {shown['with transforms']}"
    )
    for name, title in (
        ("one pass", "plain passes"),
        ("with transforms", "plain passes with the transforms"),
    ):
        ratio = rates["ours"] / rates[name]
        yield Row.of_rounds(f"{CLIENTS} clients: rate / {title}", ratio, 0.6, True)
    for name in PEERS:
        title = f"{CLIENTS} clients: rate / {name}'s"
        theirs = [rates[each] for each in (name, name + TUNED) if each in rates]
        if theirs:
            yield Row.of_rounds(title, rates["ours"] / max(theirs, key=np.median), 1, True)
        else:
            yield Row.unmeasured(title, str(absent[name]))


def _latency(send: Callable[[], float], images: Sequence[bytes]) -> Rows:
    """One client at a time; beyond decoding and one forward pass of one image."""
    found = interleaved({"ours": send, "plain": partial(_decode_and_forward, images[:ALONE])})
    added = (np.array(found["ours"]) - np.array(found["plain"])) * 1000
    name = "1 client: median latency beyond decoding and one forward pass, ms"
    yield Row.of_rounds(name, added, 8, False)


@torch.inference_mode()
def _plain_rate(images: Sequence[bytes], predict: Callable[[Tensor], object]) -> float:
    """Images a second: decoded, resized and predicted in batches."""
    begun = time.perf_counter()
    for start in range(0, len(images), BATCH):
        pixels = np.stack([decode(image) for image in images[start : start + BATCH]])
        predict(model().resize(to_tensor(pixels)))
    return len(images) / (time.perf_counter() - begun)


def _classes(pixels: Tensor) -> list[int]:
    classes: list[int] = model()(pixels).argmax(1).tolist()
    return classes


def _with_transforms() -> Callable[[Tensor], object]:
    """Logits of the images and their transforms, and features, from one batch, as suspicion
    needs them."""
    extractor = FeatureExtractor(model(), features=True)
    return lambda pixels: extract(
        extractor.names, extractor.compute, pixels.split(1), transformed=True
    )


@torch.inference_mode()
def _decode_and_forward(images: Sequence[bytes]) -> float:
    """Median seconds of decoding an image and predicting it alone."""
    return statistics.median(
        seconds(lambda image=image: _classes(to_tensor(decode(image)[None]))) for image in images
    )


def _peers(
    images: Sequence[bytes], stack: ExitStack
) -> tuple[dict[str, Callable[[], float]], dict[str, RuntimeError]]:
    """How to ask each peer that runs for its rate, and why the others do not."""
    running: dict[str, Callable[[], float]] = {}
    absent: dict[str, RuntimeError] = {}
    for name, request in PEERS.items():
        messages = [request(image) for image in images]
        for tuned, settings in (("", {}), (TUNED, ONE_THREAD)):
            try:
                server = stack.enter_context(peer(name.lower(), **settings))
            except RuntimeError as error:
                absent[name] = error
            else:
                running[name + tuned] = partial(_peer_rate, server, messages)
                with server.alone():  # so that it stands still until it is asked
                    pass
    return running, absent


def _peer_rate(server: Server, messages: Sequence[bytes]) -> float:
    with server.alone() as port:
        return load.send(port, messages, requests=REQUESTS, clients=CLIENTS).rate


def _capture_id(body: bytes) -> str:
    """That of the one image in an answer."""
    (prediction,) = json.loads(body)["predictions"]
    return str(prediction["capture_id"])


def _captured(path: Path) -> list[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("SELECT capture_id::VARCHAR FROM captures").fetchall()
        return [name for (name,) in found]
