"""Attack, one sign: a plan is run, judged as saved, summarised, sent as traffic."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import samples
from core.attacks import ATTACKS
from core.images import decode
from core.labels import class_name
from core.records.attacks import AttackedImage, AttackPlan
from core.records.captures import Provenance
from core.services import Services
from pages._attack.sign import ANY_WRONG
from tests.pages.conftest import OpenPage, go_to
from tests.support.attacking import dropped, finished, press, result
from tests.support.elements import (
    Alert,
    alerts,
    charts,
    image_captions,
    labelled,
    labels,
    links,
    metrics,
    values,
)
from tests.support.images import BAD, blocks, saved
from tests.support.traffic import everything, predict, predicted_as

STOP = 14
NOT_FOOLED = "Raise the budget or the steps, or try another attack."
Pixels = np.ndarray[Any, Any]


@pytest.fixture
def sign(signwatch: Services) -> Pixels:
    """An image that is not predicted as the default target."""
    return predicted_as(signwatch, other_than=STOP)


@pytest.fixture
def page(open_page: OpenPage, sign: Pixels) -> AppTest:
    """The page with that image dropped on it, and DeepFool chosen."""
    return dropped(open_page("attack", attack="deepfool", target=str(STOP)), sign)


def verdict(attacked: AttackedImage) -> Alert:
    """The box over a result."""
    text = attacked.sentence
    if attacked.success:
        return Alert("success", "Misclassified, also after saving as PNG", text)
    if attacked.success_before_rounding:
        return Alert("warning", "Lost in saving", text)
    return Alert("warning", "Not fooled", f"{text} {NOT_FOOLED}")


def send(at: AppTest, count: int, share: int) -> AppTest:
    labelled(at.number_input, "Requests").set_value(count)
    labelled(at.slider, "Share of adversarial requests, %").set_value(share)
    labelled(at.button, "Send as traffic").click().run()
    return finished(at, "send")


def test_a_prepared_attack_waits_for_one_click(open_page: OpenPage) -> None:
    at = open_page("attack")
    assert values(at.markdown)[0] == (
        "Make the classifier predict **14 Stop** for this **12 Priority road** sign, "
        "with **PGD**, budget 8/255."
    )
    assert at.selectbox(key="attack_class").value == 12
    assert at.selectbox(key="attack_target").value == STOP
    assert at.session_state["attack_name_budget"] == "pgd"
    assert at.slider(key="attack_budget_pgd").value == 8
    assert at.number_input(key="attack_steps_pgd").value == 10
    assert at.toggle(key="attack_sure").value is True


def test_a_sample_is_taken_by_a_click_in_the_gallery(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("attack")
    at.selectbox(key="attack_class").select(25).run()
    at.button(key="attack_take_2").click().run()
    assert at.query_params["picture"] == "3"
    before = predict(signwatch, samples.of_class(25)[2].image().pixels)
    shown = f"**{class_name(before.class_id)}** · {before.confidence:.1%} confident"
    assert shown in values(at.markdown)
    at.selectbox(key="attack_class").select(26).run()
    assert at.query_params["picture"] == "1"


def test_a_dropped_file_is_taken_by_a_click(open_page: OpenPage, signwatch: Services) -> None:
    at = dropped(open_page("attack"), blocks(1), blocks(2))
    for number in (0, 1):
        at.button(key=f"attack_take_{number}").click().run()
        before = predict(signwatch, blocks(number + 1))
        shown = f"**{class_name(before.class_id)}** · {before.confidence:.1%} confident"
        assert shown in values(at.markdown)


@pytest.mark.parametrize("key", ["attack_class", "attack_target"])
def test_a_class_is_chosen_by_its_image(key: str, open_page: OpenPage) -> None:
    at = open_page("attack")
    at.session_state[f"{key}_by_image"] = True
    at.run()
    at.button(key=f"{key}_take_17").click().run()
    assert at.selectbox(key=key).value == 17
    assert at.session_state[f"{key}_by_image"] is False


def test_a_broken_file_gets_its_message_and_cannot_be_attacked(open_page: OpenPage) -> None:
    at = open_page("attack")
    at.file_uploader(key="attack_upload").upload("broken.png", BAD[1].content).run()
    assert not at.exception
    assert alerts(at) == [
        Alert("error", "", f"**broken.png**: {BAD[1].message}"),
        Alert("info", "", "Choose a sign, or drop an image of one."),
    ]
    assert "Attack" not in labels(at.button)


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_is_described_and_shows_the_settings_that_it_takes(
    name: str, open_page: OpenPage
) -> None:
    info = ATTACKS[name].info
    at = open_page("attack", attack=name)
    assert at.query_params["attack"] == name
    assert info.explanation in values(at.caption)
    assert info.source in values(at.caption)
    assert info.formula in values(at.markdown)
    budgets = [each.key for each in [*at.slider, *at.number_input] if "budget" in each.key]
    assert budgets == [f"attack_budget_{name}"] * info.takes_epsilon
    assert ("attack_target" in [each.key for each in at.selectbox]) is info.targeted


@pytest.mark.parametrize("levels", [1, 16])
def test_the_budget_is_shown_on_the_image(
    levels: int, open_page: OpenPage, sign: Pixels, signwatch: Services
) -> None:
    at = dropped(open_page("attack", attack="fgsm", epsilon=str(levels)), sign)
    assert image_captions(at)[-2:] == ["Original", "Random noise of that size"]
    (shown,) = [each for each in values(at.caption) if "random noise" in each]
    signs = np.random.default_rng(0).choice([-1, 1], size=sign.shape)
    noisy = np.clip(sign.astype(int) + levels * signs, 0, 255).astype(np.uint8)
    prediction = predict(signwatch, noisy)
    assert shown == (
        f"Prediction for random noise: {class_name(prediction.class_id)}, "
        f"{prediction.confidence:.1%} confident."
    )


def test_deepfool_to_stop(
    page: AppTest, signwatch: Services, sign: Pixels, downloads: dict[str, Callable[[], bytes]]
) -> None:
    (expected,) = signwatch.lab.attack(AttackPlan("deepfool", STOP, steps=100), [sign], None)
    assert expected.success
    finished(press(page))
    adversarial = result(page).adversarial
    assert np.array_equal(adversarial, expected.adversarial)
    assert alerts(page) == [verdict(expected)]
    before, after = signwatch.model.predict([sign, adversarial])
    assert after.class_id == STOP
    for shown in (before, after):
        assert f"**{class_name(shown.class_id)}** · {shown.confidence:.1%} confident" in values(
            page.markdown
        )
    assert charts(page).keys() == {"attack_original", "attack_adversarial", "attack_path"}
    assert image_captions(page)[:2] == ["Original", "Adversarial"]

    change = (adversarial.astype(float) - sign) / 255
    largest, squares = np.abs(change).max() * 255, np.sum(change**2)
    assert {name: value for name, (value, _) in metrics(page).items()} == {
        "Largest change": f"{largest:.0f}/255",
        "L2 distance": f"{np.sqrt(squares):.2f}",
        "PSNR": f"{-10 * np.log10(squares / change.size):.1f} dB",
        "Pixels changed": f"{np.any(change != 0, axis=2).mean():.0%}",
    }
    assert np.array_equal(decode(downloads["adversarial.png"]()), adversarial)
    with zipfile.ZipFile(io.BytesIO(downloads["attack.zip"]())) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        (entry,) = manifest["pictures"]
        assert np.array_equal(decode(archive.read(entry["file"])), adversarial)
    assert (manifest["attack"], manifest["target"]) == ("deepfool", STOP)
    assert entry["label"] == before.class_id
    assert links(page) == [("Why? Compare the heat maps", "explain", "source=lab")]
    assert everything(signwatch) == []  # only what is sent is captured


@pytest.mark.parametrize(
    ("before_rounding", "saved", "kind", "title"),
    [
        (True, True, "success", "Misclassified, also after saving as PNG"),
        (True, False, "warning", "Lost in saving"),
        (False, False, "warning", "Not fooled"),
    ],
)
def test_a_result_says_whether_an_image_file_keeps_it(
    before_rounding: bool, saved: bool, kind: str, title: str, page: AppTest
) -> None:
    finished(press(page))
    judged = replace(result(page), success_before_rounding=before_rounding, success=saved)
    page.session_state["attack_results"] = {"one": [judged]}
    page.run()
    (shown,) = alerts(page)
    assert (shown.kind, shown.title) == (kind, title)
    assert ("PNG and manifest (ZIP)" in labels(page.get("download_button"))) is saved


def test_the_path_is_plotted_step_by_step(page: AppTest) -> None:
    finished(press(page))
    path = result(page).path
    true, goal = charts(page)["attack_path"]["data"]
    assert true["name"] == class_name(result(page).label)
    assert goal["name"] == class_name(STOP)
    assert path[-1, 2] > path[0, 2]
    assert result(page).after.confidence == pytest.approx(path[-1, 2], abs=0.1)


@pytest.mark.parametrize("levels", [2, 16])
def test_the_budget_is_kept(
    levels: int, open_page: OpenPage, signwatch: Services, sign: Pixels
) -> None:
    (expected,) = signwatch.lab.attack(AttackPlan("fgsm", STOP, levels / 255), [sign], None)
    at = dropped(open_page("attack", attack="fgsm"), sign)
    at.slider(key="attack_budget_fgsm").set_value(levels).run()
    finished(press(at))
    assert round(result(at).linf * 255) == levels
    assert np.array_equal(result(at).adversarial, expected.adversarial)
    assert alerts(at) == [verdict(expected)]


def test_steps_seed_and_going_on_are_kept(
    open_page: OpenPage, signwatch: Services, sign: Pixels
) -> None:
    plan = AttackPlan("pgd", STOP, 4 / 255, steps=3, seed=5, persistent=True)
    (expected,) = signwatch.lab.attack(plan, [sign], None)
    at = dropped(open_page("attack", attack="pgd", epsilon="4"), sign)
    at.number_input(key="attack_steps_pgd").set_value(3)
    at.number_input(key="attack_seed").set_value(5)
    at.toggle(key="attack_sure").set_value(True).run()
    finished(press(at))
    assert result(at).plan == plan
    assert np.array_equal(result(at).adversarial, expected.adversarial)


def test_untargeted_any_wrong_class_will_do(
    page: AppTest, signwatch: Services, sign: Pixels
) -> None:
    page.selectbox(key="attack_target").set_value(ANY_WRONG).run()
    assert page.query_params["target"] == "any"
    finished(press(page))
    assert predict(signwatch, result(page).adversarial).class_id != (
        predict(signwatch, sign).class_id
    )
    assert result(page).plan.target is None


def test_the_own_class_as_target_is_refused_at_once(
    page: AppTest, signwatch: Services, sign: Pixels
) -> None:
    label = predict(signwatch, sign).class_id
    page.selectbox(key="attack_target").select(label).run()
    assert alerts(page) == [
        Alert(
            "warning",
            "",
            f"{class_name(label)} is the true class already. "
            "Choose another target or another image.",
        )
    ]
    assert labelled(page.button, "Attack").disabled


def test_a_sign_that_is_misclassified_already_is_refused_at_once(
    open_page: OpenPage, signwatch: Services
) -> None:
    sample = next(
        each
        for each in samples.all_samples()
        if each.number == 0 and predict(signwatch, each.image().pixels).class_id != each.class_id
    )
    predicted = predict(signwatch, sample.image().pixels).class_id
    at = open_page("attack", **{"class": str(sample.class_id)})
    assert alerts(at) == [
        Alert(
            "warning",
            "",
            f"The classifier predicts {class_name(predicted)} for this "
            f"{class_name(sample.class_id)} sign without an attack. Choose another image.",
        )
    ]
    assert labelled(at.button, "Attack").disabled


def test_the_result_stays_while_settings_are_tried_and_belongs_to_its_image(
    open_page: OpenPage, sign: Pixels
) -> None:
    at = dropped(open_page("attack", attack="deepfool"), sign, blocks(3))
    finished(press(at))
    shown = alerts(at)
    at.session_state["attack_family"] = "budget"
    at.run()
    assert alerts(at) == [
        *shown,
        Alert(
            "info",
            "",
            "Result with **DeepFool**, goal 14 Stop, at most 100 steps; press **Attack** for one "
            "with **FGSM**, budget 8/255, goal 14 Stop.",
        ),
    ]
    at.session_state["attack_family"] = "smallest"
    at.run()
    assert alerts(at) == shown
    at.button(key="attack_take_1").click().run()
    assert "attack_path" not in charts(at)
    at.button(key="attack_take_0").click().run()
    assert alerts(at) == shown


def test_original_adversarial_and_difference_take_one_place(page: AppTest) -> None:
    finished(press(page))
    for name in ("Original", "Adversarial", "Difference"):
        page.segmented_control(key="attack_flip").select(name).run()
        shown = [each.alt for image in page.image for each in image.proto.imgs]
        assert [alt for alt in shown if alt.endswith(", large")] == [f"{name}, large"]


def test_a_difference_that_is_not_magnified_does_not_say_so(page: AppTest) -> None:
    finished(press(page))
    at_once = result(page)
    for change, caption in ((127, "Difference"), (10, "Difference, magnified 12 times")):
        clean = np.zeros_like(at_once.clean)
        judged = replace(at_once, clean=clean, adversarial=clean + np.uint8(change))
        page.session_state["attack_results"] = {"one": [judged]}
        page.run()
        assert image_captions(page)[2] == caption


def test_sending_is_the_second_primary_action(page: AppTest) -> None:
    finished(press(page))
    primary = [each.label for each in page.button if each.proto.type == "primary"]
    assert [label for label in primary if not label.isdecimal()] == ["Attack", "Send as traffic"]


@pytest.mark.parametrize(("count", "share", "attacked"), [(5, 80, 4), (4, 0, 0), (3, 100, 3)])
def test_sent_as_traffic_in_number_and_share(
    count: int, share: int, attacked: int, page: AppTest, signwatch: Services
) -> None:
    send(finished(press(page)), count, share)
    assert alerts(page)[1:] == [
        Alert("success", "", f"{count} requests sent, {attacked} of them adversarial."),
    ]
    assert ("Watch the class frequencies", "", "") in links(page)
    items = everything(signwatch)
    assert len(items) == count
    kinds = Counter(item.capture.provenance.attack for item in items)
    assert kinds == +Counter({"deepfool": attacked, None: count - attacked})


def test_what_is_sent_says_where_it_comes_from(
    page: AppTest, signwatch: Services, sign: Pixels
) -> None:
    send(finished(press(page)), 10, 60)
    label = predict(signwatch, sign).class_id
    adversarial = result(page).adversarial
    clean_labels = []
    for item in everything(signwatch):
        provenance = item.capture.provenance
        pixels = signwatch.captures.image(item.capture.image_sha256).pixels
        if provenance.attack is None:
            assert provenance == Provenance("lab", provenance.label)
            own = [sample.image().pixels for sample in samples.of_class(provenance.label)]
            assert any(np.array_equal(pixels, each) for each in own)
            clean_labels.append(provenance.label)
        else:
            assert np.array_equal(pixels, adversarial)
            assert item.capture.prediction.class_id == STOP
            reference = provenance.clean_sha256
            assert provenance == Provenance("lab", label, "deepfool", STOP, reference)
            assert np.array_equal(signwatch.captures.image(reference).pixels, sign)
    assert len(set(clean_labels)) == len(clean_labels) == 4  # signs of several classes
    assert signwatch.monitoring.figures(signwatch.monitoring.live_window()).counts[STOP] >= 6


def test_sending_twice_is_twice_the_traffic_and_drawing_again_none(
    page: AppTest, signwatch: Services
) -> None:
    send(finished(press(page)), 4, 50)
    page.run()
    assert len(everything(signwatch)) == 4
    send(page, 3, 100)
    assert len(everything(signwatch)) == 7


def test_the_order_of_the_traffic_is_mixed(page: AppTest, signwatch: Services) -> None:
    send(finished(press(page)), 20, 50)
    order = [item.capture.provenance.attack is None for item in reversed(everything(signwatch))]
    assert order not in ([False] * 10 + [True] * 10, [True] * 10 + [False] * 10)
    assert sum(order) == 10


def test_the_heat_maps_of_the_result_are_a_click_away(page: AppTest) -> None:
    finished(press(page))
    go_to(page, "explain", source="lab")
    assert {"map_Adversarial_0", "map_Clean_0", "difference_0"} < charts(page).keys()


def test_small_and_large_images_of_any_shape_go_through(open_page: OpenPage) -> None:
    at = dropped(open_page("attack", attack="fgsm", target="any"), blocks(4, side=600, tiles=6))
    finished(press(at))
    assert max(result(at).adversarial.shape) == 512


def test_a_jpeg_is_attacked_as_the_pixels_that_it_holds(open_page: OpenPage, sign: Pixels) -> None:
    at = open_page("attack", attack="fgsm", target="any")
    content = saved(sign, "JPEG")
    at.file_uploader(key="attack_upload").upload("sign.jpg", content).run()
    finished(press(at))
    assert np.array_equal(result(at).clean, decode(content))
