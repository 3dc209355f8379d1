"""Fixtures that the tests of core, pages and browser share."""

import shutil
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch
import uvicorn

from core import services
from core.client import leave_address, remove_address
from core.datasets import Dataset
from core.labels import all_labels
from core.model.classifier import Classifier, build_network, to_tensor
from core.model.manifest import Manifest
from core.model.predictor import Predictor
from core.model.suspicion.fit import calibrate
from core.model.suspicion.looks import STAGE, Looks
from core.records.drift import LOOK
from core.services import Services
from core.settings import PREFIX, Settings
from tests.support.compiled import COMPILED, share_compiled
from tests.support.door import app
from tests.support.images import blocks
from tests.support.webhook import Webhook, webhook

with warnings.catch_warnings():
    # Starlette would rather see httpx2 under its test client; httpx serves as well.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

# The images of the tests are small: threads would wait for each other more than they work.
torch.set_num_threads(1)

# No machine is too slow for property tests. They draw the same examples every time, unless
# `make test PROFILE=fresh` asks for others: what those find stays in .hypothesis and comes first.
PATIENT = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.register_profile("signwatch", PATIENT, derandomize=True)
hypothesis.settings.register_profile("fresh", PATIENT)
hypothesis.settings.load_profile("signwatch")

TESTS = Path(__file__).parent
CORE = TESTS.parent / "core"
SIDE = 32
ALPHA = Settings().alpha


def random_classifier() -> Classifier:
    """A seeded ResNet-18 of random weights that tells `blocks` apart, each class as often."""
    images = np.stack([blocks(seed) for seed in range(10_000, 10_128)])
    labels = tuple(label.name for label in all_labels())
    manifest = Manifest(
        "resnet18", SIDE, (0.34, 0.31, 0.32), (0.27, 0.26, 0.27), labels, temperature=1.5
    )
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = build_network("resnet18", len(labels))
        classifier = Classifier(manifest, network)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # one pass sets the statistics
        network.train()
        network(classifier.normalise(to_tensor(images)))
        network.eval()
        logits = network(classifier.normalise(to_tensor(images)))
        scale = 6 / logits.std(dim=0).mean()
        network.fc.bias.copy_((network.fc.bias - logits.mean(dim=0)) * scale)
        network.fc.weight.mul_(scale)
    return classifier


@pytest.fixture(scope="session")
def kept_model(pytestconfig: pytest.Config) -> Path:
    """The model of the tests, made once for the code that makes it."""
    makers = (CORE / f"{name}.py" for name in ("datasets", "images/pixels", "jobs", "labels"))
    sources = [*CORE.glob("model/**/*.py"), *makers, *TESTS.glob("support/images.py")]
    text = "".join(path.read_text() for path in [Path(__file__), *sorted(sources)])
    models = pytestconfig.cache.mkdir("models")
    kept = models / sha256(text.encode()).hexdigest()[:16]
    if not kept.exists():
        made = Path(tempfile.mkdtemp(dir=models))
        make_model(made)
        with suppress(OSError):  # another worker was quicker
            made.rename(kept)
    return kept


@pytest.fixture(scope="session")
def model_dir(kept_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder: weights, model.json, suspicion.safetensors. Not to be written to."""
    folder = tmp_path_factory.mktemp("model")
    shutil.copytree(kept_model, folder, dirs_exist_ok=True)
    return folder


def make_model(folder: Path) -> None:
    """Write a classifier that tells `blocks` apart, calibrated."""
    classifier = random_classifier().save(folder)
    trained, clean = read_blocks(classifier, 128), read_blocks(classifier, 400, 20_000)
    made = calibrate(classifier, trained, clean, lambda *_: None)
    assert made.looks is None  # each image is a sign of its own, so none is followed
    channels = len(made.scorer.clouds[STAGE].precision)
    random = np.random.default_rng(0).normal(size=(channels, LOOK)).astype(np.float32)
    replace(made, looks=Looks(STAGE, 100 * random)).write(folder)


def read_blocks(classifier: Classifier, count: int, first: int = 10_000) -> Dataset:
    """`blocks` of seeds from `first`, labelled as the classifier reads them, each a track."""
    images = [blocks(seed) for seed in range(first, first + count)]
    labels = classifier.predict_logits(images).argmax(axis=1)
    return Dataset(images, labels, np.arange(count), "blocks")


@pytest.fixture(scope="session")
def predictor(model_dir: Path) -> Predictor:
    """What serves in `signwatch`, loaded once."""
    return Predictor.load(model_dir, alpha=ALPHA)


@pytest.fixture(scope="session")
def classifier(predictor: Predictor) -> Classifier:
    """The classifier of `model_dir`. Not to be changed."""
    return predictor.classifier


@pytest.fixture
def environment(
    tmp_path: Path,
    model_dir: Path,
    predictor: Predictor,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.MonkeyPatch:
    """SIGNWATCH_* point into the test's own folder; further ones can be set before `signwatch`."""
    for setting in fields(Settings):
        monkeypatch.delenv(PREFIX + setting.name.upper(), raising=False)
    monkeypatch.setenv("SIGNWATCH_LOCAL", str(tmp_path / "local"))
    share_compiled(tmp_path / "local")
    monkeypatch.setenv("SIGNWATCH_MODEL", str(model_dir))
    read = Predictor.load

    def load_once(directory: Path, *, alpha: float) -> Predictor:
        if directory != model_dir or alpha != ALPHA:
            return read(directory, alpha=alpha)
        predictor.compile(COMPILED)
        return predictor

    monkeypatch.setattr(Predictor, "load", staticmethod(load_once))
    return monkeypatch


@pytest.fixture
def signwatch(environment: pytest.MonkeyPatch) -> Iterator[Services]:
    """The process's services over an empty log and the random classifier."""
    services.close_current()
    yield services.current()
    services.close_current()


@pytest.fixture
def client(signwatch: Services) -> Iterator[TestClient]:
    """The HTTP interface without a network; errors of the program reach the test."""
    local = {"base_url": "http://localhost", "client": ("127.0.0.1", 50_000)}
    with TestClient(app(), **local) as client:
        yield client


@pytest.fixture
def server(signwatch: Services) -> Iterator[str]:
    """The HTTP interface on a real port of this machine: its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # It listens already: a request that comes before uvicorn waits in the kernel.
        config = uvicorn.Config(app(), log_level="warning", lifespan="off", ws="none")
        serving = uvicorn.Server(config)
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            serving.should_exit = True
            thread.join()


@pytest.fixture
def dashboard(server: str, signwatch: Services) -> Iterator[str]:
    """`server`, with its address left where commands look for a running dashboard."""
    leave_address(signwatch.settings.local, server)
    yield server
    remove_address(signwatch.settings.local)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook on this machine that alerts can be sent to."""
    with webhook() as hook:
        yield hook


@pytest.fixture
def alerting(
    environment: pytest.MonkeyPatch, hook: Webhook, request: pytest.FixtureRequest
) -> Services:
    """The services, with an alert channel to the webhook."""
    environment.setenv("SIGNWATCH_ALERTS", hook.url)
    signwatch: Services = request.getfixturevalue("signwatch")
    return signwatch
