"""Networks that forget from the top down, and what is left of their maps."""

import copy

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from core.evaluation import randomisation
from core.evaluation.randomisation import cascade, stages
from core.explain.fullgrad import explain
from core.model.classifier import Classifier, to_tensor
from core.records.evaluation.explanations import RandomisedStage
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
    random = copy.deepcopy(classifier)
    random.network.load_state_dict(randomisation._untrained(classifier, 0))
    trained, last = (
        np.stack([each.map for each in explain(model, pixels, torch.tensor([1, 2, 3]))])
        for model in (classifier, random)
    )
    ranked = [spearmanr(*map(np.ravel, pair)).statistic for pair in zip(trained, last, strict=True)]
    assert found[-1].shown == pytest.approx(np.mean(np.abs(ranked)), abs=1e-3)
    assert all(
        torch.equal(values, before[name]) for name, values in classifier.state_dict().items()
    )


def test_maps_are_compared_by_rank_worked_by_hand() -> None:
    shown = np.array([[[1.0, 2], [3, 4]], [[4, 2], [1, 3]]])
    signed = np.array([[[-4.0, 1], [2, 3]], [[1, 2], [3, 4]]])
    random_shown = np.array([[[1.0, 3], [2, 5]], [[2, 1], [4, 9]]])
    random_signed = np.array([[[-9.0, 0], [7, 5]], [[8, 6], [5, -1]]])
    found = randomisation._compare("fc", (shown, signed), (random_shown, random_signed))
    # Of four ranks that differ by d, Spearman's coefficient is 1 - sum of d^2 / 10.
    assert found == RandomisedStage(
        "fc",
        signed=pytest.approx((0.8 + 1) / 2),  # sums 2 and 20
        specific=pytest.approx(0.6),  # both: half the difference of two images, sum 16
        shown=pytest.approx((0.8 + 0) / 2),  # sums 2 and 10
        other_image=pytest.approx((0.8 + 0.2) / 2),  # sums 2 and 12
    )


def test_maps_are_of_the_classes_asked_for_as_shown_and_signed(
    classifier: Classifier, pixels: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(randomisation, "CHUNK", 2)
    logits = classifier(pixels).detach()
    class_ids = (logits.argmax(dim=1) + torch.tensor([1, 2, 3])) % 43
    shown, signed = randomisation._maps(classifier, pixels, class_ids)
    expected = [each.map for each in explain(classifier, pixels, class_ids)]
    np.testing.assert_allclose(shown, expected, rtol=1e-3, atol=1e-3 * np.max(expected))
    # All that makes up a logit has a place in the image, but for the last layer's bias.
    placed = logits.gather(1, class_ids[:, None])[:, 0] - classifier.network.fc.bias[class_ids]
    assert signed.mean(axis=(1, 2)) == pytest.approx(placed.detach().numpy(), rel=1e-3)


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
    monkeypatch.setattr(randomisation, "DEPTH", 1)
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
