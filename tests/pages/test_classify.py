"""Classify: every image is one request, captured once; what is no image leaves no trace."""

import pytest

from core import samples
from core.labels import class_name
from core.records.captures import Provenance
from core.records.queries import CaptureFilter
from core.services import Services
from tests.pages.conftest import OpenPage, go_to
from tests.support.elements import Alert, alerts, charts, image_captions, links, values
from tests.support.images import BAD, GOOD, BadFile, GoodFile, blocks, saved
from tests.support.traffic import everything, predict

SAMPLES = "Take eight sample signs instead"
SIGN = saved(blocks(1), "PNG")


def test_without_images_it_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page("classify")
    assert alerts(at) == [
        Alert(
            "info",
            "Nothing to classify yet",
            "Drop one or many images above, or take the sample signs.",
        )
    ]
    assert values(at.caption) == ["Every image is sent to the endpoint as a request, and captured."]
    assert at.file_uploader(key="uploads").allowed_type == [
        ".png",
        ".jpg",
        ".jpeg",
        ".webp",
        ".bmp",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
    ]


def test_a_image_is_predicted_and_captured(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader(key="uploads").upload("sign.png", SIGN).run()
    assert not at.exception
    expected = predict(signwatch, blocks(1))
    assert alerts(at) == []
    assert image_captions(at) == ["sign.png"]
    assert f"**{class_name(expected.class_id)}** · {expected.confidence:.1%} confident" in values(
        at.markdown
    )
    (chart,) = charts(at).values()
    assert chart["data"][0]["y"][::-1] == [class_name(k) for k, _ in expected.top()]

    (item,) = everything(signwatch)
    capture = item.capture
    assert capture.prediction.class_id == expected.class_id
    assert capture.prediction.probabilities.tolist() == expected.probabilities.tolist()
    assert capture.provenance == Provenance(source="dashboard")
    assert capture.input_content_type == "image/png"
    assert signwatch.captures.stored_image(capture.image_sha256).content == SIGN
    assert links(at) == [("Explain", "explain", f"capture={capture.capture_id}")]


def test_whether_it_was_flagged_is_shown_with_every_reason(
    open_page: OpenPage, signwatch: Services
) -> None:
    images = [blocks(seed) for seed in range(200)]
    predictions = signwatch.model.predict(images)
    flagged = next(n for n, p in enumerate(predictions) if p.suspicion.flagged)
    ordinary = next(n for n, p in enumerate(predictions) if not p.suspicion.flagged)
    at = open_page("classify")
    for number in (flagged, ordinary):
        at.file_uploader(key="uploads").upload("sign.png", saved(images[number], "PNG"))
    at.run()
    badges = [text for text in values(at.markdown) if "-badge[" in text]
    assert ["Flagged" in badge for badge in badges] == [True, False]
    assert "Looks ordinary" in badges[1]
    reasons = predictions[flagged].suspicion.reasons
    assert values(at.caption)[1:] == [f"Why: {reason}." for reason in reasons]
    assert signwatch.log.count(CaptureFilter(flagged=True)) == 1


def test_drawing_the_page_again_captures_nothing_again(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("classify")
    at.file_uploader(key="uploads").upload("sign.png", SIGN).run()
    for _ in range(3):
        at.run()
    assert len(everything(signwatch)) == 1
    assert len(at.image) == 1


def test_another_image_is_one_more_capture(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader(key="uploads").set_value(("first.png", SIGN, "image/png")).run()
    at.file_uploader(key="uploads").set_value(("second.png", SIGN, "image/png")).run()
    assert image_captions(at) == ["second.png"]
    assert len(everything(signwatch)) == 2


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_what_is_no_image_gets_its_message_and_leaves_no_trace(
    file: BadFile, open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("classify")
    at.file_uploader(key="uploads").upload("broken.png", file.content).run()
    assert not at.exception
    assert alerts(at)[0] == Alert("error", "", f"**broken.png**: {file.message}")
    assert [alert.title for alert in alerts(at)[1:]] == ["Nothing to classify yet"]
    assert everything(signwatch) == []
    assert not at.image


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_every_kind_of_image_is_read(
    file: GoodFile, open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("classify")
    at.file_uploader(key="uploads").upload("image.png", file.content).run()
    assert not at.exception
    assert alerts(at) == []
    (item,) = everything(signwatch)
    assert item.capture.input_content_type == file.media_type


def test_many_files_at_once_the_broken_one_apart(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    uploader = at.file_uploader(key="uploads")
    for number in range(5):
        uploader.upload(f"sign {number}.png", saved(blocks(number), "PNG"))
    uploader.upload("broken.png", SIGN[:40])
    at.run()
    at.run()
    assert not at.exception
    assert [alert.text.partition(":")[0] for alert in alerts(at)] == ["**broken.png**"]
    assert image_captions(at) == [f"sign {number}.png" for number in range(5)]
    captured = [item.capture.prediction.class_id for item in reversed(everything(signwatch))]
    assert captured == [predict(signwatch, blocks(number)).class_id for number in range(5)]


def test_the_same_image_twice_is_two_requests(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.file_uploader(key="uploads").upload("one.png", SIGN).upload("two.png", SIGN).run()
    assert not at.exception
    first, second = everything(signwatch)
    assert first.capture.image_sha256 == second.capture.image_sha256
    assert first.capture.event_id != second.capture.event_id


def test_an_upload_above_the_limit_is_refused(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "100")
    at = request.getfixturevalue("open_page")("classify")
    at.file_uploader(key="uploads").upload("sign.png", SIGN).run()
    assert not at.exception
    assert alerts(at)[0].text.startswith("**sign.png**: ")
    assert everything(request.getfixturevalue("signwatch")) == []


def test_eight_sample_signs(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.button[0].click().run()
    at.run()
    assert not at.exception
    assert len(at.image) == len(links(at)) == 8
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
    first = image_captions(at.button[0].click().run())
    second = image_captions(at.button[0].click().run())
    assert len(first) == len(second) == 8
    assert first != second
    assert len(everything(signwatch)) == 16


def test_samples_and_files_stand_side_by_side(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("classify")
    at.button[0].click().run()
    at.file_uploader(key="uploads").upload("sign.png", SIGN).run()
    assert image_captions(at)[0] == "sign.png"
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
    at.file_uploader(key="uploads").upload("sign.png", SIGN).run()
    assert not at.exception
    assert image_captions(at) == ["sign.png"]
    assert links(at) == []
    assert everything(request.getfixturevalue("signwatch")) == []
