"""Training augmentation: laws that hold for every draw."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from core.model import augmentation
from core.model.augmentation import (
    augment,
    augment_in_focus,
    focus,
    haze,
    light,
    noise,
    occlude,
    rescale,
    uniform,
    warp,
)

Step = Callable[[Tensor, torch.Generator], Tensor]
STEPS: dict[str, Step] = {
    "augment": lambda pixels, generator: augment(pixels, 24, generator),
    "augment_in_focus": lambda pixels, generator: augment_in_focus(pixels, 24, generator),
    "warp": lambda pixels, generator: warp(pixels, 24, generator),
    "rescale": rescale,
    "focus": focus,
    "light": light,
    "haze": haze,
    "noise": noise,
    "occlude": occlude,
}
few = settings(max_examples=25)
every_step = pytest.mark.parametrize("name", STEPS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int = 4, side: int = 32, seed: int = 0) -> Tensor:
    return torch.rand((count, 3, side, side), generator=seeded(seed))


def half_red_half_blue(count: int = 16) -> Tensor:
    """Red on the left, blue on the right."""
    pixels = torch.zeros(count, 3, 32, 32)
    pixels[:, 0, :, :16] = 1
    pixels[:, 2, :, 16:] = 1
    return pixels


@every_step
@few
@given(seed=st.integers(0, 2**32), count=st.integers(1, 5))
def test_images_stay_images(name: str, seed: int, count: int) -> None:
    pixels = images(count, seed=seed)
    result = STEPS[name](pixels, seeded(seed))
    side = 24 if name in ("augment", "augment_in_focus", "warp") else 32
    assert result.shape == (count, 3, side, side)
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-6


@every_step
def test_the_generator_alone_decides(name: str) -> None:
    torch.manual_seed(1)
    first = STEPS[name](images(), seeded(7))
    torch.manual_seed(2)
    assert torch.equal(first, STEPS[name](images(), seeded(7)))
    assert any(not torch.equal(first, STEPS[name](images(), seeded(seed))) for seed in range(8, 12))


@every_step
def test_the_images_that_came_are_left_alone(name: str) -> None:
    pixels = images()
    before = pixels.clone()
    STEPS[name](pixels, seeded(3))
    assert torch.equal(pixels, before)


@every_step
def test_no_sign_is_mirrored(name: str) -> None:
    """Left and right are different classes: what was left stays left."""
    result = STEPS[name](half_red_half_blue(), seeded())
    third = result.shape[-1] // 3
    red_minus_blue = result[:, 0] - result[:, 2]
    left = red_minus_blue[:, :, :third].mean(dim=(1, 2))
    right = red_minus_blue[:, :, -third:].mean(dim=(1, 2))
    assert (left > right).all()


@pytest.mark.parametrize(
    ("whole", "steps"),
    [
        (augment, "rescale light haze noise occlude occlude warp focus"),
        (augment_in_focus, "light haze occlude occlude warp"),
    ],
)
def test_the_steps_of_an_augmentation(
    whole: Callable[[Tensor, int, torch.Generator], Tensor],
    steps: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[str] = []

    def noted(name: str) -> Callable[..., Tensor]:
        step = getattr(augmentation, name)

        def take(pixels: Tensor, *args: object, **options: object) -> Tensor:
            taken.append(name)
            result: Tensor = step(pixels, *args, **options)
            return result

        return take

    for name in ("rescale", "light", "haze", "noise", "occlude", "warp", "focus"):
        monkeypatch.setattr(augmentation, name, noted(name))
    whole(images(), 24, seeded())
    assert taken == steps.split()


def test_draws_are_uniform_in_their_range() -> None:
    draws = uniform(20_000, -3.0, 5.0, seeded())
    assert -3 <= draws.min() < -2.9
    assert 4.9 < draws.max() <= 5
    assert draws.mean() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("name", ["rescale", "focus", "haze", "noise", "occlude"])
def test_a_share_of_none_changes_nothing(name: str) -> None:
    pixels = images()
    step = getattr(augmentation, name)
    assert torch.equal(step(pixels, seeded(), share=0.0), pixels)


@pytest.mark.parametrize("name", ["rescale", "focus", "haze", "occlude"])
def test_a_share_of_all_changes_every_image(name: str) -> None:
    pixels = images(8)
    step = getattr(augmentation, name)
    changed = (step(pixels, seeded(), share=1.0) != pixels).flatten(1).any(dim=1)
    assert changed.all()


def test_about_a_share_of_the_images_is_changed() -> None:
    pixels = images(400, side=8)
    changed = (noise(pixels, seeded(), share=0.3) != pixels).flatten(1).any(dim=1)
    assert changed.float().mean() == pytest.approx(0.3, abs=0.07)


def test_warping_moves_but_does_not_recolour() -> None:
    grey = torch.full((8, 3, 32, 32), 0.4)
    assert torch.allclose(warp(grey, 48, seeded()), torch.full((8, 3, 48, 48), 0.4), atol=1e-5)


def test_warping_by_an_angle_rotates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Angle 10 degrees; then no zoom, aspect, shear, shift and tilt."""
    draws = iter([10.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    monkeypatch.setattr(
        augmentation, "uniform", lambda count, *_: torch.full((count,), next(draws))
    )
    spots = torch.zeros(1, 3, 100, 100)
    spots[0, 0, 48:52, 78:82] = 1  # red 30 to the right of the middle,
    spots[0, 1, 78:82, 48:52] = 1  # green 30 below it
    turned = warp(spots, 100, seeded())[0]
    places = torch.arange(100) - 49.5
    x, y = ((turned * each).sum(dim=(1, 2)) / 16 for each in (places, places[:, None]))
    cos, sin = 30 * np.cos(np.pi / 18), 30 * np.sin(np.pi / 18)
    assert x[:2].tolist() == pytest.approx([cos, sin], abs=0.5)
    assert y[:2].tolist() == pytest.approx([-sin, cos], abs=0.5)


@pytest.mark.parametrize(
    ("zoom", "aspect", "shear", "right", "down", "tilt"),
    [
        (1.1, 1.0, 0.0, 0.0, 0.0, 0.0),
        (1.0, 1.08, 0.0, 0.0, 0.0, 0.0),
        (1.0, 1.0, 0.12, 0.0, 0.0, 0.0),
        (1.0, 1.0, 0.0, 0.1, -0.15, 0.0),
        (1.0, 1.0, 0.0, 0.0, 0.0, 0.15),
    ],
)
def test_each_part_of_a_warp_by_hand(
    zoom: float,
    aspect: float,
    shear: float,
    right: float,
    down: float,
    tilt: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Places are -1 to 1; what is shown at (x, y) was at the place that these say."""
    shift, tilted = torch.tensor([right, down]), torch.tensor([tilt, 0.0])
    draws = iter([0.0, zoom, aspect, shear, shift, tilted])
    monkeypatch.setattr(augmentation, "uniform", lambda count, *_: torch.ones(count) * next(draws))
    y, x = torch.meshgrid(*[(torch.arange(100) + 0.5) / 50 - 1] * 2, indexing="ij")
    pixels = torch.stack([x, y, torch.zeros_like(x)])[None] / 4 + 0.5
    found = (warp(pixels, 100, seeded())[0, :2] - 0.5) * 4
    was_x = zoom * aspect * x + zoom * shear * y + right
    was_y = zoom / aspect * y + down
    was = torch.stack([was_x, was_y]) / (1 + tilt * was_x)
    seen = (was.abs() < 0.98).all(dim=0)  # what was outside is a reflection
    assert seen.float().mean() > 0.6
    torch.testing.assert_close(found[:, seen], was[:, seen], rtol=0, atol=1e-3)


def test_warping_keeps_the_middle_in_view() -> None:
    spot = torch.zeros(64, 3, 32, 32)
    spot[:, :, 14:18, 14:18] = 1
    mass = warp(spot, 32, seeded()).flatten(1).sum(dim=1)
    assert (mass > 10).all()  # of 48


def test_rescaling_takes_detail_and_keeps_the_mean() -> None:
    pixels = images(8)
    result = rescale(pixels, seeded(), share=1.0)
    assert torch.allclose(result.mean(dim=(2, 3)), pixels.mean(dim=(2, 3)), atol=0.02)
    assert (result.std(dim=(2, 3)) < pixels.std(dim=(2, 3))).all()


def test_rescaling_is_pillows_to_one_side_and_back() -> None:
    pixels = images(1)
    (found,) = rescale(pixels, seeded(), share=1.0)
    for channel, result in zip(pixels[0], found, strict=True):
        whole = Image.fromarray(channel.numpy())
        again = [
            np.asarray(whole.resize((side, side), 2).resize((32, 32), Image.Resampling.BILINEAR))
            for side in range(14, 29)
        ]
        assert min(np.abs(result.numpy() - each).max() for each in again) < 1e-5


def test_focus_leaves_the_rim_and_plain_areas_alone() -> None:
    pixels = images(8)
    result = focus(pixels, seeded(), share=1.0)
    rim = torch.ones(32, 32, dtype=torch.bool)
    rim[2:-2, 2:-2] = False
    assert torch.equal(result[..., rim], pixels[..., rim])
    plain = torch.full((4, 3, 16, 16), 0.3)
    assert torch.allclose(focus(plain, seeded(), share=1.0), plain, atol=1e-6)


@pytest.mark.parametrize("amount", [-1.0, 0.5, 1.0])
def test_focus_blurs_below_zero_and_sharpens_above_it(
    amount: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augmentation, "uniform", lambda count, *_: torch.full((count,), amount))
    edge = torch.full((1, 3, 9, 12), 0.25)
    edge[..., 6:] = 0.75
    row = focus(edge, seeded(), share=1.0)[0, 0, 4]
    # Weights 1, 4, 6, 4, 1 of 16 reach across the edge by 5/16 beside it and by 1/16 before that.
    change = amount * 0.5 * torch.tensor([-1.0, -5.0, 5.0, 1.0]) / 16
    assert row[4:8].tolist() == pytest.approx((edge[0, 0, 4, 4:8] + change).tolist(), abs=1e-6)


def test_light_keeps_the_order_of_greys() -> None:
    ramp = torch.linspace(0, 1, 32).expand(16, 3, 32, 32)
    result = light(ramp, seeded())
    assert (result.diff(dim=3) >= -1e-6).all()


def test_light_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exposure 1.5, green by 0.8, half the contrast, 0.05 brighter, twice the colour, gamma 2."""
    log, cast = np.log, torch.tensor([1.0, 0.8, 1.0]).log()
    draws = iter([log(1.5), cast, log(0.5), 0.05, 2.0, log(2.0)])
    monkeypatch.setattr(augmentation, "uniform", lambda count, *_: torch.ones(count) * next(draws))
    pixels = torch.tensor([[0.2, 0.4], [0.25, 0.5], [0.4, 0.2]]).view(1, 3, 1, 2)
    # Exposed and cast: red 0.3, 0.6, green 0.3, 0.6, blue 0.6, 0.3; their mean is 0.45.
    # Halfway to it and brighter: 0.425, 0.575, twice, 0.575, 0.425; grey 0.475, 0.525.
    coloured = [[0.375, 0.625], [0.375, 0.625], [0.675, 0.325]]
    found = light(pixels, seeded())[0, :, 0]
    torch.testing.assert_close(found, torch.tensor(coloured) ** 2)


def test_light_is_drawn_for_each_image() -> None:
    same = images(1).expand(16, 3, 32, 32)
    means = light(same, seeded()).flatten(1).mean(dim=1)
    assert len(torch.unique(means)) == 16


def test_an_occlusion_is_a_rectangle_of_one_colour() -> None:
    pixels = torch.full((64, 3, 30, 30), 0.5)
    result = occlude(pixels, seeded(), share=1.0)
    for one in result:
        changed = (one != 0.5).any(dim=0)
        rows, columns = changed.any(dim=1), changed.any(dim=0)
        assert int(changed.sum()) == int(rows.sum()) * int(columns.sum())
        assert 0 < int(rows.sum()) <= 16  # half of the side, and one for rounding
        assert int(columns.sum()) <= 16
        assert len(torch.unique(one[:, changed], dim=1).T) == 1


def test_noise_stays_below_its_level() -> None:
    grey = torch.full((64, 3, 32, 32), 0.5)
    deviation = (noise(grey, seeded(), share=1.0) - grey).flatten(1).std(dim=1)
    assert deviation.max() < 0.027
    assert deviation.max() > 0.02


def test_haze_takes_up_to_85_percent_of_the_contrast_towards_one_grey() -> None:
    black_and_white = torch.zeros(400, 3, 4, 4)
    black_and_white[..., 2:] = 1
    result = haze(black_and_white, seeded(), share=1.0)
    contrast = result[..., 3] - result[..., 0]
    assert torch.allclose(contrast, contrast[:, :1, :1].expand_as(contrast), atol=1e-6)
    left = contrast[:, 0, 0]  # 1 - veil
    assert 0.15 <= left.min() < 0.2
    assert 0.95 < left.max() <= 1
    grey = result[:, 0, 0, 0] / (1 - left).clamp(min=1e-3)
    assert grey[left < 0.9].min() < 0.1
    assert grey[left < 0.9].max() > 0.9
