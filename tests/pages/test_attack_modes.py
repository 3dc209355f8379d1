"""Attack: several attacks on one sign, one attack on many, addresses, and work that is stopped."""

import io
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import samples
from core.attacks import ATTACKS
from core.errors import BadInput, Cancelled
from core.images import decode
from core.labels import class_name
from core.records.attacks import AttackPlan
from core.services import Lab, Services
from pages._attack.link import TRY_IT, AttackLink
from tests.pages.conftest import OpenPage, go_to
from tests.support.attacking import dropped, finished, press
from tests.support.elements import Alert, alerts, charts, image_captions, labelled, labels, metrics
from tests.support.images import blocks
from tests.support.traffic import everything, predict

STOP = 14
LEFT_OUT = "it is left out"


@pytest.mark.parametrize("key", ["attack_mode", "attack_family", "attack_name_budget"])
def test_a_click_before_the_browser_knows_what_is_chosen_changes_nothing(
    open_page: OpenPage, key: str
) -> None:
    at = open_page("attack", mode="one", attack="pgd", target="any")
    before = (at.session_state["attack_address"], labels(at.button))
    at.button_group(key).set_value(None).run()  # what the browser sends where nothing is chosen
    assert not at.exception
    assert (at.session_state["attack_address"], labels(at.button)) == before


def test_attacks_are_compared_on_one_sign(open_page: OpenPage, signwatch: Services) -> None:
    at = dropped(
        open_page("attack", mode="compare", target="any", attacks="fgsm,deepfool"), blocks(5)
    )
    finished(press(at, "Compare"))
    label = predict(signwatch, blocks(5)).class_id
    expected = signwatch.lab.compare(
        [AttackPlan("fgsm", epsilon=8 / 255), AttackPlan("deepfool")], blocks(5), label
    )
    table = at.dataframe[0].value
    assert list(table["attack"]) == ["FGSM", "DeepFool"]
    assert list(table["prediction"]) == [class_name(each.after.class_id) for each in expected]
    for result, row in zip(expected, table.to_dict("records"), strict=True):
        change = (result.adversarial.astype(float) - blocks(5)) / 255
        assert row["change, n/255"] == round(np.abs(change).max() * 255)
        assert row["L2"] == pytest.approx(np.linalg.norm(change))
        assert row["confidence"] == pytest.approx(result.after.confidence)
        assert (row["saved as PNG"] == "survives saving") is result.success
    assert image_captions(at)[:3] == [
        f"Original: {class_name(label)}",
        *(
            f"{Lab.info(each.plan.attack).title}: {class_name(each.after.class_id)}"
            for each in expected
        ),
    ]


def test_attacks_of_another_norm_keep_their_own_budget(
    open_page: OpenPage, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[AttackPlan] = []

    def compare(plans: list[AttackPlan], *_: object) -> None:
        asked.extend(plans)
        raise BadInput("enough")

    monkeypatch.setattr(signwatch.lab, "compare", compare)
    names = ("pgd", "pgd_l2", "deepfool")
    address = {"mode": "compare", "target": "any", "epsilon": "12", "attacks": ",".join(names)}
    finished(press(dropped(open_page("attack", **address), blocks(5)), "Compare"))
    assert [each.attack for each in asked] == list(names)
    assert [each.epsilon for each in asked] == [12 / 255, 0.5, None]


def test_going_on_after_the_first_success_counts_in_a_comparison(
    open_page: OpenPage, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[AttackPlan] = []

    def compare(plans: list[AttackPlan], *_: object) -> None:
        asked.extend(plans)
        raise BadInput("enough")

    monkeypatch.setattr(signwatch.lab, "compare", compare)
    address = {"mode": "compare", "target": "any", "sure": "yes", "attacks": "fgsm,pgd"}
    at = dropped(open_page("attack", **address), blocks(5))
    assert at.toggle(key="attack_sure").value is True
    finished(press(at, "Compare"))
    assert [(each.attack, each.persistent) for each in asked] == [("fgsm", False), ("pgd", True)]


def test_a_batch_of_other_images_or_settings_says_so(
    batch: tuple[AppTest, list[np.ndarray[Any, Any]]],
) -> None:
    at, images = batch
    assert [alert for alert in alerts(at) if alert.kind == "info"] == []
    at.slider(key="attack_budget_fgsm").set_value(3).run()
    assert alerts(at) == [
        Alert(
            "info",
            "",
            "Result with **FGSM**, budget 8/255, goal 14 Stop; press **Attack** for one with "
            "**FGSM**, budget 3/255, goal 14 Stop.",
        )
    ]
    dropped(at, *images[:2])
    assert alerts(at) == [
        Alert("info", "", "Result of other images; press **Attack** for those chosen now.")
    ]


@pytest.fixture
def batch(open_page: OpenPage) -> tuple[AppTest, list[np.ndarray[Any, Any]]]:
    """Many images attacked by one step of 8/255."""
    images = [blocks(seed) for seed in range(30, 42)]
    at = open_page("attack", mode="many", attack="fgsm", target=str(STOP), epsilon="8")
    return finished(press(dropped(at, *images))), images


def test_a_batch_counts_only_what_was_classified_correctly(
    batch: tuple[AppTest, list[np.ndarray[Any, Any]]],
    signwatch: Services,
    downloads: dict[str, Callable[[], bytes]],
) -> None:
    at, images = batch
    before = signwatch.model.predict(images)
    counting = [each.class_id != STOP for each in before]
    results = at.session_state["attack_results"]["many"]
    after = signwatch.model.predict([each.adversarial for each in results])
    successes = sum(c and a.class_id == STOP for c, a in zip(counting, after, strict=True))
    assert metrics(at)["Images that count"] == (f"{sum(counting)} of 12", "")
    assert metrics(at)["Misclassified as saved PNG"] == (
        f"{successes / sum(counting):.1%}",
        f"{successes} of {sum(counting)}",
    )

    expected = Counter(
        (b.class_id, a.class_id) for b, a, c in zip(before, after, counting, strict=True) if c
    )
    (matrix,) = charts(at)["attack_matrix"]["data"]
    shown = {
        (row, column): int(text)
        for row, line in zip(matrix["y"], matrix["text"], strict=True)
        for column, text in zip(matrix["x"], line, strict=True)
        if text
    }
    assert shown == {
        (class_name(row), class_name(column)): n for (row, column), n in expected.items()
    }
    bars = charts(at)["attack_by_class"]["data"][0]
    assert sum(saved for saved, _ in bars["customdata"]) == successes
    at.run()
    with zipfile.ZipFile(io.BytesIO(downloads["attack.zip"]())) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        files = [each["file"] for each in manifest["pictures"] if each["file"]]
        assert sorted([*files, "manifest.json"]) == sorted(archive.namelist())
        for entry in (each for each in manifest["pictures"] if each["file"]):
            pixels = decode(archive.read(entry["file"]))
            assert predict(signwatch, pixels).class_id == STOP
            assert entry["file"].startswith(f"{entry['label']:02d}/")
    assert (manifest["images"], manifest["eligible"]) == (12, sum(counting))
    assert len(files) == manifest["successes"] == successes


def test_shares_before_and_after_saving_are_set_apart(
    batch: tuple[AppTest, list[np.ndarray[Any, Any]]],
) -> None:
    at, _ = batch
    counting = [each for each in at.session_state["attack_results"]["many"] if each.eligible][:4]
    judged = [
        replace(each, success_before_rounding=number < 3, success=number < 1)
        for number, each in enumerate(counting)
    ]
    at.session_state["attack_results"] = {"many": judged}
    at.run()
    assert metrics(at)["Misclassified before rounding"] == ("75.0%", "3 of 4")
    assert metrics(at)["Misclassified as saved PNG"] == ("25.0%", "1 of 4")


def test_sample_signs_are_taken_by_class_and_number(open_page: OpenPage) -> None:
    at = open_page("attack", mode="many")
    assert "for **43 images**" in at.markdown[0].value
    at.multiselect(key="attack_classes").set_value([1, 2])
    at.slider(key="attack_count").set_value(3).run()
    assert "for **6 images**" in at.markdown[0].value


def test_only_signs_of_the_target_are_refused_at_once(open_page: OpenPage) -> None:
    at = open_page("attack", mode="many", target=str(STOP))
    at.multiselect(key="attack_classes").set_value([STOP]).run()
    assert alerts(at) == [
        Alert(
            "warning", "", "All of these signs are 14 Stop already. Choose other signs or a target."
        )
    ]
    assert labelled(at.button, "Attack").disabled


def test_where_no_image_counts_nothing_is_counted(open_page: OpenPage, signwatch: Services) -> None:
    wrong = [
        sample.class_id
        for sample in samples.all_samples()
        if sample.number == 0
        and predict(signwatch, sample.image().pixels).class_id != sample.class_id
    ][:2]
    at = open_page("attack", mode="many", attack="fgsm", target="any")
    at.multiselect(key="attack_classes").set_value(wrong).run()
    finished(press(at))
    (alert,) = alerts(at)
    assert (alert.kind, alert.title) == ("warning", "Nothing to count")


@pytest.fixture
def held(signwatch: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Attacks that go on until they are cancelled, or the event is set."""
    let_go = threading.Event()

    def attack(plan, images, labels, progress, cancelled):
        progress(1, 4, "step 2 of 4")
        while not let_go.wait(0.005):
            if cancelled():
                raise Cancelled("PGD was cancelled after 1 of 4 steps; no image was kept")
        raise BadInput("the model has no gradients; take another attack")

    monkeypatch.setattr(signwatch.lab, "attack", attack)
    yield let_go
    let_go.set()


def running(open_page: OpenPage) -> AppTest:
    return press(dropped(open_page("attack", attack="pgd", target="any"), blocks(6)))


def test_work_under_way_shows_how_far_it_is(open_page: OpenPage, held: threading.Event) -> None:
    at = running(open_page)
    (bar,) = at.get("progress")
    assert bar.proto.text == "PGD: step 2 of 4"
    assert bar.proto.value == 25
    assert labelled(at.button, "Attack").disabled


def test_another_attack_cancels_the_one_under_way(
    open_page: OpenPage, held: threading.Event
) -> None:
    at = running(open_page)
    first = at.session_state["attack_job"][1]
    at.segmented_control(key="attack_mode").select("many").run()
    press(at)
    assert first.wait(60)
    with pytest.raises(Cancelled):
        first.result()
    mode, second = at.session_state["attack_job"]
    assert (mode, second.ended) == ("many", False)


def test_while_an_attack_goes_on_the_result_of_the_last_one_is_gone(
    open_page: OpenPage, held: threading.Event
) -> None:
    at = dropped(open_page("attack", attack="pgd", target="any"), blocks(6))
    at.session_state["attack_results"] = {"one": ["of before"], "many": ["of many"]}
    press(at)
    assert at.session_state["attack_results"] == {"many": ["of many"]}


def test_cancelled_work_leaves_nothing_behind(
    open_page: OpenPage, held: threading.Event, signwatch: Services
) -> None:
    at = running(open_page)
    at.button(key="attack_cancel").click().run()
    finished(at)
    assert alerts(at) == [
        Alert("info", "Cancelled", "PGD was cancelled after 1 of 4 steps; no image was kept")
    ]
    assert at.session_state["attack_results"] == {}
    assert "attack_job" not in at.session_state
    assert "Send as traffic" not in labels(at.button)
    assert everything(signwatch) == []
    go_to(at, "explain")
    assert at.session_state["explain_source"] == "own"


def test_failed_work_says_why_and_leaves_nothing_behind(
    open_page: OpenPage, held: threading.Event
) -> None:
    at = running(open_page)
    held.set()
    finished(at)
    assert alerts(at) == [Alert("error", "", "the model has no gradients; take another attack")]
    assert at.session_state["attack_results"] == {}


def test_an_address_carries_what_the_page_shows(open_page: OpenPage) -> None:
    address = {
        "mode": "one",
        "class": "3",
        "picture": "2",
        "attack": "pgd",
        "target": "any",
        "epsilon": "5",
        "steps": "7",
        "seed": "9",
        "sure": "yes",
    }
    at = open_page("attack", **address)
    assert dict(at.query_params.items()) == address
    assert at.slider(key="attack_budget_pgd").value == 5
    assert at.number_input(key="attack_steps_pgd").value == 7
    assert at.number_input(key="attack_seed").value == 9


def test_an_address_carries_what_is_compared(open_page: OpenPage) -> None:
    address = {
        "mode": "compare",
        "class": "3",
        "picture": "1",
        "attack": "pgd",
        "target": "7",
        "epsilon": "12",
        "attacks": "bim,square",
    }
    at = open_page("attack", **address)
    assert dict(at.query_params.items()) == address
    assert "with 2 attacks" in at.markdown[0].value
    assert at.slider(key="attack_budget_all").value == 12


def test_an_address_carries_which_signs_are_attacked(open_page: OpenPage) -> None:
    at = open_page("attack", mode="many", classes="3,1", each="2")
    assert "for **4 images**" in at.markdown[0].value
    at.slider(key="attack_count").set_value(3).run()
    assert (at.query_params["classes"], at.query_params["each"]) == ("3,1", "3")


def test_back_on_the_page_it_is_as_it_was_left(open_page: OpenPage) -> None:
    at = open_page("attack", **{"class": "3"}, attack="fgsm", epsilon="3", target="7")
    go_to(at, "model")
    go_to(at, "attack")
    assert at.selectbox(key="attack_class").value == 3
    assert at.slider(key="attack_budget_fgsm").value == 3


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("class", "43", "expected a whole number in 0..42, got '43'"),
        ("class", "-1", "expected a whole number in 0..42, got '-1'"),
        ("class", "9" * 5000, f"expected a whole number in 0..42, got {'9' * 5000!r}"),
        ("class", "²", "expected a whole number in 0..42, got '²'"),
        ("target", "stop", "expected a whole number in 0..42, got 'stop'"),
        ("epsilon", "0", "must be a whole number of levels in 1..64, got 0"),
        ("epsilon", "256", "must be a whole number of levels in 1..64, got 256"),
        ("epsilon", "nan", "must be a whole number of levels in 1..64, got nan"),
        ("epsilon", "much", "expected a number, got 'much'"),
        ("steps", "0", "expected a whole number in 1..1000, got '0'"),
        ("attacks", "pgd,7", f"unknown attack '7'; there are {', '.join(ATTACKS)}"),
        ("classes", "3,x", "expected a whole number in 0..42, got 'x'"),
        ("each", "7", "expected a whole number in 1..6, got '7'"),
        ("mode", "all", "expected one of one, compare, many, got 'all'"),
    ],
)
def test_what_an_address_cannot_mean_is_reported_and_left_out(
    name: str, value: str, reason: str, open_page: OpenPage
) -> None:
    at = open_page("attack", **({"attack": "pgd"} | {name: value}))
    text = f"`{name}` in the address: {reason}; {LEFT_OUT}"
    assert Alert("warning", "", text) in alerts(at)
    assert at.query_params.get(name) != value


def test_an_unknown_attack_in_an_address_is_reported_with_the_known_ones() -> None:
    link, (problem,) = AttackLink.read({"attack": "magic"})
    assert problem.startswith("`attack` in the address: unknown attack 'magic'; there are fgsm, ")
    assert link == AttackLink()


@pytest.mark.parametrize(
    ("attack", "epsilon"),
    [("deepfool", "8"), ("pgd_l2", "-1"), ("pgd_l2", "0"), ("pgd_l2", "inf"), ("pgd_l2", "nan")],
)
def test_a_budget_that_the_attack_cannot_have_is_left_out(attack: str, epsilon: str) -> None:
    link, (problem,) = AttackLink.read({"attack": attack, "epsilon": epsilon})
    assert link.epsilon is None
    assert problem.endswith(LEFT_OUT)


def test_addresses_that_are_written_are_read_again() -> None:
    for link in (
        AttackLink(),
        AttackLink("many", 1, 2, "pgd_l2", None, 1.5, 7, 3, True),
        AttackLink("compare", epsilon=3, attacks=("fgsm",)),
        AttackLink(classes=(3, 4), each=2),
        AttackLink.read(TRY_IT)[0],
    ):
        assert AttackLink.read(link.write()) == (link, [])
