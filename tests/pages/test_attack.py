"""Attack: what is asked for is what is run, the result is judged as saved, and sent as traffic."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import samples
from core.images import decode
from core.labels import class_name
from core.services import Services
from core.types import Provenance
from core.vision.lab import Crafted
from tests.pages.conftest import OpenPage, go_to
from tests.pages.elements import (
    Alert,
    alerts,
    charts,
    image_captions,
    labelled,
    labels,
    links,
    values,
)
from tests.pages.traffic import everything, predict, read_as
from tests.pictures import BAD, blocks, saved

STOP = 14
MISREAD = Alert("success", "", "Misread, also after saving as an 8-bit PNG.")
WITHSTOOD = Alert("warning", "", "Not misread once saved. Raise the budget or the number of steps.")


@pytest.fixture
def sign(signwatch: Services) -> np.ndarray[Any, Any]:
    """A picture that is not read as the default target."""
    return read_as(signwatch, other_than=STOP)


@pytest.fixture
def page(open_page: OpenPage, sign: np.ndarray[Any, Any]) -> AppTest:
    """The page with that picture dropped on it: it counts as what it is read as."""
    at = open_page("attack")
    at.file_uploader(key="attack_upload").upload("sign.png", saved(sign, "PNG")).run()
    assert not at.exception
    return at


def press(at: AppTest, label: str = "Attack") -> AppTest:
    labelled(at.button, label).click().run()
    assert not at.exception
    return at


def send(at: AppTest, count: int, share: int) -> AppTest:
    labelled(at.number_input, "Requests").set_value(count)
    labelled(at.slider, "Share of adversarial requests, %").set_value(share)
    return press(at, "Send as traffic")


def crafted(at: AppTest) -> Crafted:
    return at.session_state["crafted"][0]


def test_before_an_attack_there_is_a_sign_and_no_result(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("attack")
    assert values(at.subheader) == ["1. A sign", "2. An attack"]
    assert at.selectbox(key="attack_class").value == 1
    assert at.selectbox(key="attack_name").value == "deepfool"
    assert at.toggle(key="attack_aimed").value is True
    assert at.selectbox(key="attack_target").value == STOP
    before = predict(signwatch, samples.of_class(1)[0].picture().pixels)
    assert image_captions(at) == [
        f"Read as {class_name(before.class_id)}, {before.confidence:.1%} confident"
    ]
    assert labels(at.button) == ["Attack"]


def test_other_sample_signs_can_be_taken(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("attack")
    at.selectbox(key="attack_class").select(25).run()
    at.segmented_control(key="attack_number").select(2).run()
    before = predict(signwatch, samples.of_class(25)[2].picture().pixels)
    assert image_captions(at) == [
        f"Read as {class_name(before.class_id)}, {before.confidence:.1%} confident"
    ]


def test_a_broken_file_gets_its_message_and_cannot_be_attacked(open_page: OpenPage) -> None:
    at = open_page("attack")
    at.file_uploader(key="attack_upload").upload("broken.png", BAD[1].content).run()
    assert not at.exception
    assert alerts(at) == [Alert("error", "", f"**broken.png**: {BAD[1].message}")]
    assert labelled(at.button, "Attack").disabled


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("deepfool", ["Steps at most"]),
        ("fgsm", ["Budget: every colour value may move by at most"]),
        ("pgd", ["Budget: every colour value may move by at most", "Steps at most"]),
    ],
)
def test_each_attack_shows_the_settings_that_it_takes(
    name: str, fields: list[str], open_page: OpenPage
) -> None:
    at = open_page("attack")
    at.selectbox(key="attack_name").select(name).run()
    assert not at.exception
    assert [*labels(at.select_slider), *labels(at.number_input)] == fields


def test_an_untargeted_attack_asks_for_no_target(page: AppTest) -> None:
    page.toggle(key="attack_aimed").set_value(False).run()
    assert "The sign shall be read as" not in labels(page.selectbox)


def test_deepfool_to_stop(
    page: AppTest, signwatch: Services, sign: np.ndarray[Any, Any],
    downloads: dict[str, Callable[[], bytes]],
) -> None:  # fmt: skip
    label = predict(signwatch, sign).class_id
    (expected,) = signwatch.craft("deepfool", [sign], [label], epsilon=None, target=STOP, steps=100)
    assert expected.success
    press(page)
    assert np.array_equal(crafted(page).adversarial, expected.adversarial)
    assert alerts(page) == [MISREAD]
    assert values(page.subheader)[2:] == ["3. The result", "4. Send as traffic"]

    before, after = signwatch.predictor.predict([sign, expected.adversarial])
    assert after.class_id == STOP
    for shown in (before, after):
        assert f"**{class_name(shown.class_id)}** · {shown.confidence:.1%} confident" in values(
            page.markdown
        )
    assert charts(page).keys() == {"attack_clean", "attack_adversarial"}
    assert image_captions(page)[1:3] == ["Original", "Adversarial"]
    assert re.fullmatch(r"Difference, magnified \d+ times", image_captions(page)[3])
    assert (
        f"Largest change **{expected.linf * 255:.0f}/255** per colour value · "
        f"L2 distance **{expected.l2:.2f}** · PSNR **{expected.psnr:.1f} dB** · "
        f"**{expected.steps}** steps"
    ) in values(page.markdown)
    assert np.array_equal(decode(downloads["adversarial.png"]()), expected.adversarial)
    assert links(page) == [("Why? Compare the heat maps", "explain", "source=lab")]
    assert everything(signwatch) == []  # only what is sent is captured


@pytest.mark.parametrize("budget", [2, 16])
def test_the_budget_is_kept(
    budget: int, page: AppTest, signwatch: Services, sign: np.ndarray[Any, Any]
) -> None:
    label = predict(signwatch, sign).class_id
    (expected,) = signwatch.craft("fgsm", [sign], [label], epsilon=budget / 255, target=STOP)
    page.selectbox(key="attack_name").select("fgsm").run()
    page.select_slider(key="attack_budget").set_value(budget).run()
    press(page)
    assert round(crafted(page).linf * 255) == budget
    assert np.array_equal(crafted(page).adversarial, expected.adversarial)
    assert alerts(page) == [MISREAD if expected.success else WITHSTOOD]


def test_a_sign_that_withstands_is_said_to(open_page: OpenPage, signwatch: Services) -> None:
    """Some picture among many withstands one step of 1/255 towards some class."""
    for pixels in map(blocks, range(700, 720)):
        label = predict(signwatch, pixels).class_id
        target = (label + 20) % 43
        (tried,) = signwatch.craft("fgsm", [pixels], [label], epsilon=1 / 255, target=target)
        if not tried.success:
            break
    at = open_page("attack")
    at.file_uploader(key="attack_upload").upload("sign.png", saved(pixels, "PNG"))
    at.selectbox(key="attack_name").select("fgsm")
    at.selectbox(key="attack_target").select(target).run()
    at.select_slider(key="attack_budget").set_value(1).run()
    assert alerts(press(at)) == [WITHSTOOD]
    assert "4. Send as traffic" in values(at.subheader)


def test_the_number_of_steps_is_kept(
    page: AppTest, signwatch: Services, sign: np.ndarray[Any, Any]
) -> None:
    label = predict(signwatch, sign).class_id
    (expected,) = signwatch.craft(
        "pgd", [sign], [label], epsilon=8 / 255, target=STOP, steps=3
    )  # fmt: skip
    page.selectbox(key="attack_name").select("pgd").run()
    page.number_input(key="attack_steps_pgd").set_value(3).run()
    press(page)
    assert crafted(page).steps == expected.steps
    assert np.array_equal(crafted(page).adversarial, expected.adversarial)


def test_untargeted_any_wrong_class_will_do(
    page: AppTest, signwatch: Services, sign: np.ndarray[Any, Any]
) -> None:
    page.toggle(key="attack_aimed").set_value(False).run()
    press(page)
    assert alerts(page) == [MISREAD]
    label = predict(signwatch, sign).class_id
    assert predict(signwatch, crafted(page).adversarial).class_id != label
    assert page.session_state["crafted"][1:] == ("deepfool", None)


def test_a_sign_of_the_target_class_does_not_count(
    page: AppTest, signwatch: Services, sign: np.ndarray[Any, Any]
) -> None:
    label = predict(signwatch, sign).class_id
    page.selectbox(key="attack_target").select(label).run()
    press(page)
    assert alerts(page) == [
        Alert(
            "warning", "",
            f"The clean picture does not count: its class is {class_name(label)}, and it is "
            "misread already, or is of the target class. Take another picture or target.",
        )
    ]  # fmt: skip
    assert "Send as traffic" not in labels(page.button)


def test_a_sign_that_is_misread_already_does_not_count(
    open_page: OpenPage, signwatch: Services
) -> None:
    misread = next(
        sample for sample in samples.all_samples()
        if sample.class_id != STOP and sample.number == 0
        and predict(signwatch, sample.picture().pixels).class_id != sample.class_id
    )  # fmt: skip
    at = open_page("attack")
    at.selectbox(key="attack_class").select(misread.class_id).run()
    (alert,) = alerts(press(at))
    assert alert.text.startswith(
        f"The clean picture does not count: its class is {class_name(misread.class_id)}, "
    )


def test_the_result_stays_while_other_settings_are_tried(page: AppTest) -> None:
    press(page)
    page.selectbox(key="attack_name").select("fgsm").run()
    assert alerts(page) == [MISREAD]
    assert page.session_state["crafted"][1] == "deepfool"


@pytest.mark.parametrize(("count", "share", "attacked"), [(5, 80, 4), (4, 0, 0), (3, 100, 3)])
def test_sent_as_traffic_in_number_and_share(
    count: int, share: int, attacked: int, page: AppTest, signwatch: Services
) -> None:
    send(press(page), count, share)
    assert alerts(page) == [
        MISREAD,
        Alert("success", "", f"{count} requests sent, {attacked} of them adversarial."),
    ]
    assert ("Watch the class frequencies", "", "") in links(page)
    items = everything(signwatch)
    assert len(items) == count
    kinds = Counter(item.capture.provenance.attack for item in items)
    assert kinds == +Counter({"deepfool": attacked, None: count - attacked})


def test_what_is_sent_says_where_it_comes_from(
    page: AppTest, signwatch: Services, sign: np.ndarray[Any, Any]
) -> None:
    send(press(page), 10, 60)
    label = predict(signwatch, sign).class_id
    adversarial = crafted(page).adversarial
    clean_labels = []
    for item in everything(signwatch):
        provenance = item.capture.provenance
        pixels = signwatch.picture(item.capture.image_sha256).pixels
        if provenance.attack is None:
            assert provenance == Provenance("lab", provenance.label)
            own = [sample.picture().pixels for sample in samples.of_class(provenance.label)]
            assert any(np.array_equal(pixels, each) for each in own)
            clean_labels.append(provenance.label)
        else:
            assert np.array_equal(pixels, adversarial)
            assert item.capture.prediction.class_id == STOP
            reference = provenance.clean_sha256
            assert provenance == Provenance("lab", label, "deepfool", STOP, reference)
            assert np.array_equal(signwatch.picture(reference).pixels, sign)
    assert len(set(clean_labels)) == len(clean_labels) == 4  # signs of several classes
    assert signwatch.window_figures(signwatch.live_window()).counts[STOP] >= 6


def test_sending_twice_is_twice_the_traffic_and_drawing_again_none(
    page: AppTest, signwatch: Services
) -> None:
    send(press(page), 4, 50)
    page.run()
    assert len(everything(signwatch)) == 4
    send(page, 3, 100)
    assert len(everything(signwatch)) == 7


def test_the_order_of_the_traffic_is_mixed(page: AppTest, signwatch: Services) -> None:
    send(press(page), 20, 50)
    order = [item.capture.provenance.attack is None for item in reversed(everything(signwatch))]
    assert order not in ([False] * 10 + [True] * 10, [True] * 10 + [False] * 10)
    assert sum(order) == 10


def test_the_heat_maps_of_the_result_are_a_click_away(page: AppTest) -> None:
    press(page)
    go_to(page, "explain", source="lab")
    assert values(page.subheader) == ["Adversarial", "Clean"]
    assert charts(page).keys() == {"map_adversarial", "map_clean"}
