"""Commands in this process, and a data set for them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.model.classifier import Classifier
from tests.support.command_line import Outcome, Run
from tests.support.images import blocks
from tests.support.layouts import write_npz


@pytest.fixture
def run(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`python -m core` in this process."""

    def run(*arguments: object) -> Outcome:
        environment.setattr(sys, "argv", ["core", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def dataset(classifier: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images, the first ten labelled as the classifier reads them, without tracks."""
    images = [blocks(seed) for seed in range(12)]
    labels = classifier.predict_logits(images).argmax(axis=1)
    labels[10:] = (labels[10:] + 1) % 43
    folder = tmp_path_factory.mktemp("twelve")
    return write_npz(folder / "data.npz", images=np.stack(images), labels=labels)
