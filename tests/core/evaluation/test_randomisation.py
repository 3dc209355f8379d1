"""Networks that forget from the top down, and what is left of their maps."""

import numpy as np
import pytest
import torch

from core.evaluation import randomisation
from core.evaluation.randomisation import cascade, stages
from core.model.classifier import Classifier, to_tensor
from tests.support.images import blocks

RESNET = [
    "fc",
    "layer4.1",
    "layer4.0",
    "layer3.1",
    "layer3.0",
    "layer2.1",
    "layer2.0",
    "layer1.1",
    "layer1.0",
    "bn1",
    "conv1",
]


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return to_tensor(np.stack([blocks(seed) for seed in range(3)]))


def test_the_top_comes_first(classifier: Classifier) -> None:
    assert stages(classifier) == RESNET


def test_every_stage_is_compared_and_the_model_stays(
    classifier: Classifier, pixels: torch.Tensor
) -> None:
    before = {name: values.clone() for name, values in classifier.state_dict().items()}
    ticks: list[str] = []
    found = cascade(classifier, pixels, torch.tensor([1, 2, 3]), seed=0, tick=ticks.append)
    assert [stage.from_layer for stage in found] == RESNET
    assert ticks == ["maps of the trained network", *(f"random down to {part}" for part in RESNET)]
    for stage in found:
        for value in (stage.signed, stage.specific, stage.shown, stage.other_image):
            assert 0 <= value <= 1
    assert all(
        torch.equal(values, before[name]) for name, values in classifier.state_dict().items()
    )


def test_a_network_that_forgets_nothing_keeps_its_maps(
    classifier: Classifier, pixels: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        randomisation, "_untrained", lambda classifier, seed: classifier.network.state_dict()
    )
    (*_, last) = cascade(
        classifier, pixels, torch.tensor([1, 2, 3]), seed=0, tick=lambda text: None
    )
    assert (last.signed, last.specific, last.shown) == pytest.approx((1, 1, 1))
    assert last.other_image < 1


def test_the_last_stage_is_an_untrained_network(
    classifier: Classifier, pixels: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, torch.Tensor]] = []
    maps = randomisation._maps

    def look(network: Classifier, *rest: torch.Tensor) -> object:
        seen.append({name: values.clone() for name, values in network.state_dict().items()})
        return maps(network, *rest)

    monkeypatch.setattr(randomisation, "_maps", look)
    cascade(classifier, pixels, torch.tensor([1, 2, 3]), seed=5, tick=lambda text: None)
    trained, first, *_, last = seen
    changed = {name.split(".")[1] for name in first if not torch.equal(first[name], trained[name])}
    assert changed == {"fc"}
    fresh = randomisation._untrained(classifier, 5)
    assert all(torch.equal(last[f"network.{name}"], values) for name, values in fresh.items())


def test_chance_outside_is_left_alone(classifier: Classifier) -> None:
    state = torch.random.get_rng_state()
    randomisation._untrained(classifier, 3)
    assert torch.equal(torch.random.get_rng_state(), state)
