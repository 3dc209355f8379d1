"""Classify: every image is one request, captured once; what is no image leaves no trace."""

import io
import zipfile
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from core import samples
from core.labels import class_name
from core.records.captures import Provenance
from core.records.queries import CaptureFilter
from core.services import Services
from pages._attack.link import AttackLink
from tests.pages.conftest import OpenPage, go_to
from tests.support.elements import Alert, alerts, charts, image_captions, labelled, links, values
from tests.support.images import BAD, GOOD, BadFile, GoodFile, blocks, saved
from tests.support.traffic import everything, predict

SAMPLES = "Take eight sample signs instead"
SIGN = saved(blocks(1), "PNG")


def opened(at: AppTest, number: int = 0) -> AppTest:
    """The page with the details of one card."""
    shown = [each.key for each in at.session_state["classify_board"].classified]
    at.session_state[f"classify_details_{shown[number]}"] = True
    at.run()
    assert not at.exception
    return at


def packed(**files: bytes) -> bytes:
    """A ZIP of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_without_images_it_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page("classify")
    assert alerts(at) == [
        Alert(
            "info",
            "Nothing to classify yet",
            "Drop images above, a folder or a ZIP of them, or take the sample signs.",
        )
    ]
    assert values(at.caption) == ["Every image is sent to the endpoint as a request, and captured."]
    assert at.file_uploader[0].allowed_type == []


def test_a_image_is_predicted_and_captured(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("sign.png", SIGN).run()
    assert not at.exception
    expected = predict(signwatch, blocks(1))
    assert alerts(at) == []
    assert image_captions(at) == ["sign.png"]
    assert f"**{class_name(expected.class_id)}** · {expected.confidence:.1%} confident" in values(
        at.markdown
    )
    assert charts(at) == {}
    assert links(at) == [
        ("See them in Captures", "captures", f"ids={everything(signwatch)[0].capture.capture_id}")
    ]
    opened(at)
    (chart,) = charts(at).values()
    assert chart["data"][0]["y"][::-1] == [class_name(k) for k, _ in expected.top()]

    (item,) = everything(signwatch)
    capture = item.capture
    assert capture.prediction.class_id == expected.class_id
    assert capture.prediction.probabilities.tolist() == expected.probabilities.tolist()
    assert capture.provenance == Provenance(source="dashboard")
    assert capture.input_content_type == "image/png"
    assert signwatch.captures.stored_image(capture.image_sha256).content == SIGN
    query = f"capture={capture.capture_id}"
    assert links(at)[1:] == [("Capture", "captures", query), ("Explain", "explain", query)]
    p_value = expected.suspicion.p_value
    assert f"p-value of the suspicion: {p_value:.4f}" in values(at.caption)


def test_whether_it_was_flagged_is_shown_with_every_reason(
    open_page: OpenPage, signwatch: Services
) -> None:
    images = [blocks(seed) for seed in range(200)]
    predictions = signwatch.model.predict(images)
    flagged = next(n for n, p in enumerate(predictions) if p.suspicion.flagged)
    ordinary = next(n for n, p in enumerate(predictions) if not p.suspicion.flagged)
    at = open_page("classify")
    for number in (flagged, ordinary):
        at.file_uploader[0].upload("sign.png", saved(images[number], "PNG"))
    at.run()
    badges = [text for text in values(at.markdown) if "-badge[" in text]
    assert ["Flagged" in badge for badge in badges] == [True]
    assert "**2 images**: 1 flagged" in values(at.markdown)
    reasons = predictions[flagged].suspicion.reasons
    assert values(at.caption)[1:] == [f"Why: {reasons[0]}."]
    shown = values(opened(at).caption)
    assert [f"Why: {reason}." for reason in reasons] == shown[2 : 2 + len(reasons)]
    assert signwatch.log.count(CaptureFilter(flagged=True)) == 1


def test_drawing_the_page_again_captures_nothing_again(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("sign.png", SIGN).run()
    for _ in range(3):
        at.run()
    assert len(everything(signwatch)) == 1
    assert len(at.image) == 1


def test_another_image_is_one_more_capture(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader[0].set_value(("first.png", SIGN, "image/png")).run()
    at.file_uploader[0].set_value(("second.png", SIGN, "image/png")).run()
    assert image_captions(at) == ["first.png", "second.png"]
    assert len(everything(signwatch)) == 2


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_what_is_no_image_gets_its_message_and_leaves_no_trace(
    file: BadFile, open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("broken.png", file.content).run()
    assert not at.exception
    assert alerts(at) == [Alert("error", "Not classified", f"- **broken.png**: {file.message}")]
    assert "**1 image**: none flagged, 1 unreadable" in values(at.markdown)
    assert everything(signwatch) == []
    assert not at.image


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_every_kind_of_image_is_read(
    file: GoodFile, open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("image.png", file.content).run()
    assert not at.exception
    assert alerts(at) == []
    (item,) = everything(signwatch)
    assert item.capture.input_content_type == file.media_type


def test_many_files_at_once_the_broken_one_apart(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    uploader = at.file_uploader[0]
    for number in range(5):
        uploader.upload(f"sign {number}.png", saved(blocks(number), "PNG"))
    uploader.upload("broken.png", SIGN[:40])
    at.run()
    at.run()
    assert not at.exception
    assert [alert.text.partition(":")[0] for alert in alerts(at)] == ["- **broken.png**"]
    assert sorted(image_captions(at)) == [f"sign {number}.png" for number in range(5)]
    captured = [item.capture.prediction.class_id for item in reversed(everything(signwatch))]
    assert captured == [predict(signwatch, blocks(number)).class_id for number in range(5)]


def test_the_same_image_twice_is_two_requests(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("one.png", SIGN).upload("two.png", SIGN).run()
    assert not at.exception
    first, second = everything(signwatch)
    assert first.capture.image_sha256 == second.capture.image_sha256
    assert first.capture.event_id != second.capture.event_id


def test_an_upload_above_the_limit_is_refused(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "100")
    at = request.getfixturevalue("open_page")("classify")
    at.file_uploader[0].upload("sign.png", SIGN).run()
    assert not at.exception
    assert alerts(at)[0].text.startswith("- **sign.png**: the file has ")
    assert everything(request.getfixturevalue("signwatch")) == []


def test_eight_sample_signs(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.button[0].click().run()
    at.run()
    assert not at.exception
    assert len(at.image) == 8
    names = {sample.name: sample for sample in samples.all_samples()}
    shown = [names[caption] for caption in image_captions(at)]
    captured = [item.capture for item in reversed(everything(signwatch))]
    assert [capture.provenance.label for capture in captured] == [s.class_id for s in shown]
    assert {capture.provenance.source for capture in captured} == {"dashboard"}
    assert [capture.prediction.class_id for capture in captured] == [
        predict(signwatch, sample.image().pixels).class_id for sample in shown
    ]


def test_the_next_eight_sample_signs_are_others(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    assert at.button[0].label == SAMPLES
    first = set(image_captions(at.button[0].click().run()))
    both = set(image_captions(at.button[0].click().run()))
    assert (len(first), len(both)) == (8, 16)
    assert first < both
    assert len(everything(signwatch)) == 16


def test_samples_and_files_stand_side_by_side(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.button[0].click().run()
    at.file_uploader[0].upload("sign.png", SIGN).run()
    assert "sign.png" in image_captions(at)
    assert len(everything(signwatch)) == len(at.image) == 9


def test_coming_back_to_the_page_captures_nothing_again(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("classify")
    at.button[0].click().run()
    shown = image_captions(at)
    go_to(at, "overview")
    go_to(at, "classify")
    assert image_captions(at) == shown
    assert len(everything(signwatch)) == 8


def test_what_is_not_sampled_is_shown_and_not_captured(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_SAMPLING", "0")
    at = request.getfixturevalue("open_page")("classify")
    at.file_uploader[0].upload("sign.png", SIGN).run()
    assert not at.exception
    assert image_captions(at) == ["sign.png"]
    assert links(at) == []
    assert everything(request.getfixturevalue("signwatch")) == []


def test_one_sentence_sums_up_and_flagged_ones_come_first(
    open_page: OpenPage, signwatch: Services
) -> None:
    images = [blocks(seed) for seed in range(200)]
    flags = [each.suspicion.flagged for each in signwatch.model.predict(images)]
    flagged = [n for n, each in enumerate(flags) if each][:2]
    ordinary = [n for n, each in enumerate(flags) if not each][:3]
    dropped = [ordinary[0], flagged[0], ordinary[1], flagged[1], ordinary[2]]
    at = open_page("classify")
    for number in dropped:
        at.file_uploader[0].upload(f"{number}.png", saved(images[number], "PNG"))
    at.file_uploader[0].upload("notes.txt", b"no image").upload("photo.heic", b"none")
    at.run()
    assert "**7 images**: 2 flagged, 2 unreadable" in values(at.markdown)
    assert image_captions(at) == [f"{n}.png" for n in [*flagged, *ordinary]]
    (alert,) = alerts(at)
    assert alert.title == "Not classified"
    assert [line.partition(": ")[0] for line in alert.text.splitlines()] == [
        "- **notes.txt**",
        "- **photo.heic**",
    ]


def test_the_images_of_a_zip_are_classified_one_by_one(
    open_page: OpenPage, signwatch: Services
) -> None:
    files = {f"signs/{n}.png": saved(blocks(n), "PNG") for n in range(3)}
    content = packed(**files, **{"signs/inner.zip": packed(a=b"1"), "signs/readme.md": b"#"})
    at = open_page("classify")
    at.file_uploader[0].upload("signs.zip", content).run()
    at.run()
    assert not at.exception
    assert sorted(image_captions(at)) == ["0.png", "1.png", "2.png"]
    assert len(everything(signwatch)) == 3
    (alert,) = alerts(at)
    assert alert.text.splitlines()[0] == (
        "- **inner.zip**: a ZIP in a ZIP is not opened; drop it on its own"
    )
    assert alert.text.splitlines()[1].startswith("- **readme.md**: expected a PNG")


def test_a_zip_that_is_not_read_says_why_once(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("empty.zip", packed()).run()
    at.run()
    assert alerts(at) == [
        Alert("error", "Not classified", "- **empty.zip**: the ZIP holds no file")
    ]
    assert everything(signwatch) == []


def test_no_more_images_than_one_request_may_hold(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_BATCH", "2")
    at = request.getfixturevalue("open_page")("classify")
    for number in range(3):
        at.file_uploader[0].upload(f"{number}.png", saved(blocks(number), "PNG"))
    at.run()
    assert sorted(image_captions(at)) == ["0.png", "1.png"]
    assert alerts(at) == [
        Alert(
            "error",
            "Not classified",
            "- **2.png**: 2 images are shown; press Clear and drop it again",
        )
    ]
    assert len(everything(request.getfixturevalue("signwatch"))) == 2


def test_clear_forgets_the_answers_and_the_files(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("sign.png", SIGN).run()
    labelled(at.button, "Clear").click().run()
    assert not at.image
    assert [alert.title for alert in alerts(at)] == ["Nothing to classify yet"]
    at.run()
    assert len(everything(signwatch)) == 1


def test_answers_stay_when_the_page_is_left(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader[0].upload("sign.png", SIGN).run()
    go_to(at, "overview")
    go_to(at, "classify")
    assert image_captions(at) == ["sign.png"]
    (capture,) = [item.capture for item in everything(signwatch)]
    assert links(at) == [("See them in Captures", "captures", f"ids={capture.capture_id}")]


def test_a_sample_sign_can_be_attacked(open_page: OpenPage) -> None:
    at = open_page("classify")
    opened(at.button[0].click().run())
    name = image_captions(at)[0]
    (sample,) = [each for each in samples.all_samples() if each.name == name]
    label, page, query = links(at)[-1]
    assert (label, page) == ("Attack", "attack")
    link, problems = AttackLink.read(dict(parse_qsl(query)))
    assert (link.class_id, link.image, problems) == (sample.class_id, sample.number + 1, [])
    assert link.target != sample.class_id
