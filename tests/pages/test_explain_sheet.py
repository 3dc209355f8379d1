"""Explain, many at once: tiles, mean maps, their difference, and the way to a pair."""

import base64
import io
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from core.explain.heat_maps import overlay
from core.images import ImageFile
from core.records.captures import Provenance
from core.records.window import Window, now
from core.services import Explanations, Services
from pages._explain.link import ExplainLink, to_violation
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, charts, links, values
from tests.support.images import blocks
from tests.support.records import make_capture, make_execution, make_image, make_prediction
from tests.support.traffic import put_flagged

SEEDS = (1, 2, 3, 4)  # of four images that differ


@pytest.fixture
def traffic(signwatch: Services) -> list[str]:
    """Four signs predicted as Stop, the later three by an attack; ids, newest first."""
    reference = signwatch.captures.keep_reference(ImageFile.from_pixels(blocks(9)))
    attacked = Provenance("lab", 7, "pgd", 14, reference)
    images = [make_image(seed) for seed in SEEDS]
    captures = [
        make_capture(image, inferred_at=now() - timedelta(seconds=9 - place), provenance=each)
        for place, (image, each) in enumerate(
            zip(images, (Provenance(), *[attacked] * 3), strict=True)
        )
    ]
    signwatch.log.append(captures, images)
    return [capture.capture_id for capture in captures][::-1]


@pytest.fixture
def shown_images(monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.uint8]]:
    """The images that the page shows, in the order in which it draws them."""
    drawn: list[NDArray[np.uint8]] = []
    add = MediaFileManager.add

    def keep(self: MediaFileManager, data: bytes | str, *args: Any, **options: Any) -> str:
        assert isinstance(data, bytes)
        with Image.open(io.BytesIO(data)) as image:
            drawn.append(np.asarray(image.convert("RGB")))
        return add(self, data, *args, **options)

    monkeypatch.setattr(MediaFileManager, "add", keep)
    return drawn


def maps_of(signwatch: Services, *seeds: int) -> list[NDArray[np.float32]]:
    """The maps of these images for the Stop sign."""
    images = [blocks(seed) for seed in seeds]
    return [each.map for each in signwatch.explanations.explain(images, [14] * len(images))]


def at_64(saliency: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map at the side of mean maps."""
    return np.asarray(Image.fromarray(saliency).resize((64, 64), Image.Resampling.BILINEAR))


def strongest(*maps: NDArray[np.floating]) -> float:
    """What 0.5 % of the pixels of a map exceed, of the map that has most."""
    return max(float(np.quantile(each, 0.995)) for each in maps)


def tiles(at: AppTest) -> list[dict[str, str]]:
    """Where the tiles lead to."""
    return [dict(parse_qsl(query)) for _, page, query in links(at) if page == "explain"]


def heat(at: AppTest, key: str) -> np.ndarray[Any, Any]:
    z = [each for each in charts(at)[key]["data"] if each["type"] == "heatmap"][-1]["z"]
    shape = [int(n) for n in z["shape"].split(",")]
    return np.frombuffer(base64.b64decode(z["bdata"]), z["dtype"]).reshape(shape)


def test_tiles_and_means_of_a_class(
    open_page: OpenPage, signwatch: Services, traffic: list[str]
) -> None:
    at = open_page("explain", sheet="all", **{"class": "14"})
    assert alerts(at) == []
    assert values(at.subheader) == ["What did the model look at when it predicted 14 Stop?"]
    assert (
        "4 of 4 captures with an image. Each map explains the predicted class; all share "
        "one colour scale."
    ) in values(at.caption)
    assert [tile["capture"] for tile in tiles(at)] == traffic  # the attacked ones first
    ours, *theirs = map(at_64, maps_of(signwatch, *SEEDS))
    suspect = np.mean(theirs, axis=0)
    assert abs(strongest(suspect) / strongest(ours) - 1) > 0.02  # so that scales differ
    largest = strongest(suspect, ours)
    for key, expected in (
        ("Adversarial or flagged", suspect),
        ("The others", ours),
        ("difference", suspect - ours),
    ):
        assert heat(at, f"mean_14_{key}") == pytest.approx(100 * expected / largest, abs=0.06)
    assert [each.alt for image in at.image for each in image.proto.imgs] == [
        "Map for 14 Stop over a captured image"
    ] * 4
    assert all(each.proto.alt for each in at.get("plotly_chart"))


def test_all_tiles_share_one_scale(
    open_page: OpenPage,
    signwatch: Services,
    traffic: list[str],
    shown_images: list[NDArray[np.uint8]],
) -> None:
    open_page("explain", sheet="all", colours="greys", **{"class": "14"})
    maps = maps_of(signwatch, *SEEDS)
    largest = strongest(*maps)
    order = (4, 3, 2, 1)  # the attacked ones first, the newest of them first
    assert len(shown_images) == len(order)
    for shown, seed in zip(shown_images, order, strict=True):
        saliency = maps[SEEDS.index(seed)]
        expected = overlay(blocks(seed), saliency, largest=largest, colours="greys")
        alone = overlay(blocks(seed), saliency, largest=strongest(saliency), colours="greys")
        assert np.abs(shown.astype(int) - expected).mean() < 2  # JPEG is not exact
        if strongest(saliency) < largest:
            assert np.abs(shown.astype(int) - alone).mean() > 2


def test_a_violation_of_an_endpoint_leads_to_the_captures_of_that_endpoint(
    open_page: OpenPage, signwatch: Services
) -> None:
    image, moment = make_image(1), now() - timedelta(minutes=1)
    own, other = (
        make_capture(image, inferred_at=moment, endpoint=name) for name in ("roadside", "cars")
    )
    signwatch.log.append([own, other], [image])
    window = Window(moment - timedelta(hours=1), now(), "roadside")
    query = to_violation(make_execution(window=window), 14)
    assert ExplainLink.read(query) == (
        ExplainLink("all", class_id=14, since=window.start, until=window.end, endpoint="roadside"),
        [],
    )
    assert [tile["capture"] for tile in tiles(open_page("explain", **query))] == [own.capture_id]


def test_the_means_of_all_classes_share_one_scale(open_page: OpenPage, signwatch: Services) -> None:
    images = [make_image(seed) for seed in (1, 2)]
    captures = [
        make_capture(image, prediction=make_prediction(k), inferred_at=now())
        for image, k in zip(images, (14, 1), strict=True)
    ]
    signwatch.log.append(captures, images)
    at = open_page("explain", sheet="all")
    found = signwatch.explanations.explain([blocks(1), blocks(2)], [14, 1])
    means = [at_64(each.map) for each in found]
    assert abs(strongest(means[0]) / strongest(means[1]) - 1) > 0.005
    for mean, k in zip(means, (14, 1), strict=True):
        expected = 100 * mean / strongest(*means)
        assert heat(at, f"mean_{k}_The others") == pytest.approx(expected, abs=0.06)


def test_a_tile_leads_to_its_pair(open_page: OpenPage, traffic: list[str]) -> None:
    look = {"method": "input_x_gradient", "colours": "viridis", "opacity": "40"}
    at = open_page("explain", sheet="suspect", **look)
    assert len(tiles(at)) == 3
    pair = tiles(at)[0]
    assert pair == {"capture": traffic[0], **look}
    at = open_page("explain", **pair)
    assert {"map_Adversarial_0", "map_Clean_0"} < charts(at).keys()


def test_the_others_are_neither_flagged_nor_attacked(
    open_page: OpenPage, signwatch: Services, traffic: list[str]
) -> None:
    put_flagged(signwatch, 0.001)
    shown = [tile["capture"] for tile in tiles(open_page("explain", sheet="other"))]
    assert shown == traffic[-1:]


def test_the_choice_is_bounded_and_says_so(open_page: OpenPage, signwatch: Services) -> None:
    for number in range(30):
        put_flagged(signwatch, 0.001, seed=number, minutes_ago=number)
    at = open_page("explain", sheet="suspect", count="6", **{"class": "14"})
    assert len(tiles(at)) == 6
    text = "6 of 30 captures with an image, chosen evenly over the window."
    assert any(each.startswith(text) for each in values(at.caption))
    assert "**Adversarial or flagged** (6 of 30)" in values(at.markdown)


def test_equal_images_are_shown_once_with_their_number(
    open_page: OpenPage, signwatch: Services
) -> None:
    for number in range(30):
        put_flagged(signwatch, 0.001, seed=number % 3, minutes_ago=number)
    at = open_page("explain", sheet="suspect", count="6", **{"class": "14"})
    assert [label.rpartition(" · ")[2] for label, page, _ in links(at) if page == "explain"] == [
        "× 10",
        "× 10",
        "× 10",
    ]
    text = "30 of 30 captures with an image; equal ones are shown once: 3 images."
    assert any(each.startswith(text) for each in values(at.caption))
    assert "**Adversarial or flagged** (30 of 30)" in values(at.markdown)


def test_only_what_lies_in_the_window(open_page: OpenPage, signwatch: Services) -> None:
    moment = now() - timedelta(days=2)
    image = make_image(1)
    old, new = (make_capture(image, inferred_at=at) for at in (moment, now()))
    signwatch.log.append([old, new], [image])
    assert [t["capture"] for t in tiles(open_page("explain", sheet="all"))] == [new.capture_id]
    stretch = {
        "since": (moment - timedelta(minutes=1)).isoformat(),
        "until": (moment + timedelta(minutes=1)).isoformat(),
    }
    at = open_page("explain", sheet="all", **stretch)
    assert [tile["capture"] for tile in tiles(at)] == [old.capture_id]
    (until_now,) = [each for each in at.button if each.label == "Until now instead"]
    until_now.click().run()
    assert not at.exception
    assert [tile["capture"] for tile in tiles(at)] == [new.capture_id]


def test_all_classes_have_their_means(open_page: OpenPage, signwatch: Services) -> None:
    images = [make_image(seed) for seed in (1, 2, 3)]
    captures = [
        make_capture(image, prediction=make_prediction(k), inferred_at=now())
        for image, k in zip(images, (14, 14, 1), strict=True)
    ]
    signwatch.log.append(captures, images)
    at = open_page("explain", sheet="all")
    assert values(at.subheader) == ["What did the model look at?"]
    shown = [text for text in values(at.markdown) if text.startswith("**Mean map")]
    assert shown == ["**Mean map for 14 Stop**", "**Mean map for 1 Speed limit 30 km/h**"]
    assert {label.partition(" · ")[0] for label, page, _ in links(at) if page == "explain"} == {
        "14 Stop",
        "1 Speed limit 30 km/h",
    }


def test_images_that_are_gone_or_broken_are_counted(
    open_page: OpenPage, signwatch: Services
) -> None:
    good = make_image(1)
    captures = [
        make_capture(good, inferred_at=now()),
        make_capture(None, image_sha256="2" * 64, inferred_at=now()),
    ]
    signwatch.log.append(captures, [good])
    at = open_page("explain", sheet="all")
    assert (
        "1 of 2 captures with an image; 1 more cannot be read or are deleted by "
        "retention. Each map explains the predicted class; all share one colour scale."
    ) in values(at.caption)


def test_nothing_matches_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page("explain", sheet="all")
    assert alerts(at) == [
        Alert(
            "info",
            "No capture with an image matches",
            "Choose a longer window, another class, or send some traffic.",
        )
    ]
    assert [link[:2] for link in links(at)] == [
        ("See all captures", "captures"),
        ("Send attacked signs", "attack"),
    ]


def test_the_sheet_is_made_once_until_it_is_refreshed(
    open_page: OpenPage, signwatch: Services, traffic: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("explain", sheet="all")
    made: list[object] = []
    make = Explanations.contact_sheet
    monkeypatch.setattr(
        Explanations,
        "contact_sheet",
        lambda *args, **options: (made.append(options), make(*args, **options))[1],
    )
    at.slider(key="explain_opacity").set_value(20).run()
    assert made == []
    (refresh,) = [each for each in at.button if each.label == "Refresh"]
    refresh.click().run()
    assert len(made) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"since": "2026-02-14"},
            "`since` and `until` in the address count together; both are left out",
        ),
        (
            {"minutes": "0"},
            "`minutes` in the address must be a whole number in 1..525,600, "
            "got `0`; it is left out",
        ),
        (
            {"count": "1000"},
            "`count` in the address must be a whole number in 6..48, got `1000`; it is left out",
        ),
        (
            {"class": "99"},
            "`class` in the address must be a whole number in 0..42, got `99`; it is left out",
        ),
    ],
)
def test_nonsense_in_the_address(
    query: dict[str, str], message: str, open_page: OpenPage, traffic: list[str]
) -> None:
    at = open_page("explain", sheet="all", **query)
    assert alerts(at) == [Alert("warning", "", message)]
    assert len(tiles(at)) == 4


def test_from_the_sheet_to_the_pair_view(open_page: OpenPage, traffic: list[str]) -> None:
    at = open_page("explain", sheet="all", minutes="15")
    at.segmented_control(key="explain_view").select("pair").run()
    assert not at.exception
    assert "map_Left_0" in charts(at)
    assert at.query_params == {}


def test_another_tile_scrolls_to_its_pair_and_the_same_does_not(
    open_page: OpenPage, traffic: list[str]
) -> None:
    def turn(at: AppTest) -> int:
        return at.session_state["scroll_explain_pair"][2]

    at = open_page("explain", capture=traffic[0])
    assert turn(at) == 0  # the page is entered at its top
    at.query_params = {"capture": traffic[1]}
    assert turn(at.run()) == 1
    at.slider(key="explain_opacity").set_value(20).run()
    assert turn(at) == 1
    at.query_params = {"sheet": "all"}
    assert turn(at.run()) == 1
    at.query_params = {"capture": traffic[1]}
    assert turn(at.run()) == 2
    assert not at.exception
