"""Wire and file formats: what is read, what is refused, and what goes out comes back."""

import base64
import io
import json
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core import invocations
from core.errors import BadInput, NotAcceptable, SignwatchError, TooLarge, UnsupportedMedia
from core.images import ImageLimits, OpenedImage
from core.invocations import (
    CONTENT_TYPES,
    IMAGE_TYPES,
    RequestLimits,
    choose_answer_type,
    data_capture_config,
    decode_base64,
    parse_data_capture_config,
    parse_npy,
    parse_request,
    prediction_json,
    render_answer,
)
from core.records.captures import CaptureMode, CaptureSettings
from core.records.names import check_endpoint_name
from tests.support.expect import raises
from tests.support.images import BAD, GOOD, BadFile, GoodFile, blocks, noise, saved
from tests.support.npy import BAD_ARRAYS, BadArray, by_hand, described, npy
from tests.support.records import make_prediction

LIMITS = RequestLimits()
VERBOSE = "application/json;verbose=true"
sides = st.integers(1, 5)
IMAGES = 'expected {"images": ["<base64 of an image file>", ...]}'


def as_json(*files: bytes) -> bytes:
    return json.dumps({"images": [base64.b64encode(file).decode() for file in files]}).encode()


# Endpoint names

names = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", fullmatch=True)


@given(names)
def test_every_name_that_sagemaker_takes_is_taken(name: str) -> None:
    assert check_endpoint_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "a_b", "a.b", "é", "a b", "a/b", "x" * 64, "a" + "-" * 62 + "b", "a\n"]
)
def test_other_names_are_refused(name: str) -> None:
    with raises(
        BadInput, f"endpoint name must be 1 to 63 letters, digits and inner hyphens, got {name!r}"
    ):
        check_endpoint_name(name)


# Requests: images


@pytest.mark.parametrize("content_type", IMAGE_TYPES)
def test_every_image_type_takes_an_image_file(content_type: str) -> None:
    (image,) = parse_request(saved(blocks(), "PNG"), content_type, LIMITS)
    assert np.array_equal(image.pixels, blocks())
    assert image.media_type == "image/png"


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_every_readable_file_is_read_whatever_it_is_called(file: GoodFile) -> None:
    (image,) = parse_request(file.content, "application/x-image", LIMITS)
    assert np.abs(image.pixels.astype(int) - file.pixels).max() <= file.within
    assert image.content == file.content


@pytest.mark.parametrize("file", BAD[1:], ids=lambda file: file.name)
def test_every_unreadable_file_is_refused(file: BadFile) -> None:
    with raises(file.error, file.message):
        parse_request(file.content, "image/png", LIMITS)
    with raises(file.error, f"images[1]: {file.message}"):
        parse_request(as_json(saved(blocks(), "PNG"), file.content), "application/json", LIMITS)


def test_parameters_and_capitals_of_a_content_type_do_not_matter() -> None:
    (image,) = parse_request(npy(blocks()), " Application/X-NPY ; charset=binary", LIMITS)
    assert np.array_equal(image.pixels, blocks())


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("text/csv", "'text/csv'"),
        ("image/svg+xml", "'image/svg+xml'"),
        ("image/*", "'image/*'"),
    ],
)
def test_other_content_types_are_refused(content_type: str, shown: str) -> None:
    with raises(
        UnsupportedMedia,
        "content type must be one of image/png, image/jpeg, image/webp, image/bmp, "
        "image/x-portable-anymap, image/x-portable-pixmap, image/x-portable-graymap, "
        "image/x-portable-bitmap, "
        f"application/x-image, application/x-npy, application/json, got {shown}",
    ):
        parse_request(b"x", content_type, LIMITS)


@pytest.mark.parametrize("content_type", ["", ";", " Application/Octet-Stream"])
def test_what_has_no_name_and_begins_like_nothing_is_no_image(content_type: str) -> None:
    with raises(
        UnsupportedMedia, "expected a PNG, JPEG, WebP, BMP or PPM file; this is none of them"
    ):
        parse_request(b"x", content_type, LIMITS)


@pytest.mark.parametrize(
    "content_type", ["image/jpg", "IMAGE/PJPEG", "image/x-png; a=b", "image/x-ms-bmp"]
)
def test_other_names_of_the_same_are_known(content_type: str) -> None:
    (image,) = parse_request(saved(blocks(), "PNG"), content_type, LIMITS)
    assert np.array_equal(image.pixels, blocks())


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_an_empty_body_is_refused(content_type: str) -> None:
    with raises(BadInput, f"the body is empty; expected {content_type}"):
        parse_request(b"", content_type, LIMITS)


# Requests: arrays


@given(arrays(np.uint8, st.tuples(sides, sides, sides, st.just(3))))
def test_an_array_of_images_comes_back(array: np.ndarray) -> None:
    images = parse_request(npy(array), "application/x-npy", LIMITS)
    assert len(images) == len(array)
    for image, pixels in zip(images, array, strict=True):
        assert np.array_equal(image.pixels, pixels)


@given(arrays(np.uint8, st.tuples(sides, sides, st.just(3))))
def test_fortran_order_is_the_same_image(image: np.ndarray) -> None:
    for array in (image, np.asfortranarray(image)):
        read = parse_npy(npy(array), LIMITS)
        assert np.array_equal(read, image[None])
        assert read.flags.c_contiguous


def test_version_2_is_read() -> None:
    body = by_hand(described("(1, 1, 3)"), b"\1\2\3", (2, 0))
    assert parse_npy(body, LIMITS).tolist() == [[[[1, 2, 3]]]]


def test_an_array_of_python_2_is_read() -> None:
    body = by_hand(described("(1L, 1L, 3L)"), b"\1\2\3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, that parsing takes longer
        assert parse_npy(body, LIMITS).tolist() == [[[[1, 2, 3]]]]


@pytest.mark.parametrize("array", BAD_ARRAYS, ids=lambda array: array.name)
def test_other_arrays_are_refused(array: BadArray) -> None:
    with pytest.raises(SignwatchError) as caught:
        parse_request(array.content, "application/x-npy", LIMITS)
    assert type(caught.value) is array.error
    if array.message is None:
        assert str(caught.value).startswith("the body is no array as np.save writes it: ")
    else:
        assert str(caught.value) == array.message


@given(st.text(st.characters(codec="latin1"), max_size=60), st.binary(max_size=20))
@pytest.mark.filterwarnings("ignore")  # of numpy and of Python's parser
def test_no_header_becomes_anything_but_an_array(header: str, data: bytes) -> None:
    with pytest.raises(SignwatchError):
        parse_npy(by_hand(header, data), LIMITS)


def test_limits_of_an_array() -> None:
    limits = RequestLimits(max_batch=2, image=ImageLimits(max_pixels=6))
    assert parse_npy(npy(np.zeros((2, 2, 3, 3), np.uint8)), limits).shape == (2, 2, 3, 3)
    with raises(TooLarge, "3 images in one request; at most 2 are taken. Send several"):
        parse_npy(npy(np.zeros((3, 2, 3, 3), np.uint8)), limits)
    with raises(TooLarge, "each image is 7 x 1 = 7 pixels; at most 6 are read"):
        parse_npy(npy(np.zeros((1, 7, 3), np.uint8)), limits)


# Requests: JSON


def test_json_carries_several_files() -> None:
    files = [saved(blocks(seed), kind) for seed, kind in enumerate(["PNG", "BMP"])]
    images = parse_request(as_json(*files), "application/json; charset=utf-8", LIMITS)
    assert [image.content for image in images] == files
    assert [image.media_type for image in images] == ["image/png", "image/bmp"]
    for seed, image in enumerate(images):
        assert np.array_equal(image.pixels, blocks(seed))


def wrapped(text: str) -> str:
    return "\r\n".join(text[start : start + 76] for start in range(0, len(text), 76)) + "\r\n"


@pytest.mark.parametrize(
    "written",
    [
        wrapped,
        lambda text: text.replace("+", "-").replace("/", "_"),
        lambda text: text.replace("+", "-").replace("/", "_").rstrip("="),
        lambda text: f"data:image/png;base64,{text}",
        lambda text: f"DATA:;charset=x;BASE64,\n{wrapped(text)}",
        lambda text: f"  {text}\n",
    ],
)
@given(st.binary(max_size=300))
def test_every_way_to_write_base64_is_read(written: Callable[[str], str], content: bytes) -> None:
    assert decode_base64(written(base64.b64encode(content).decode())) == content


def test_an_image_in_a_data_url_is_read() -> None:
    file = saved(blocks(), "PNG")
    text = "data:image/png;base64," + wrapped(base64.b64encode(file).decode())
    body = json.dumps({"images": [text]}).encode()
    (image,) = parse_request(body, "application/json", LIMITS)
    assert image.content == file


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", f"{IMAGES}, got an object with no keys"),
        (b'{"instances": [], "b": 1}', f"{IMAGES}, got an object with 'instances', 'b'"),
        (b'{"images": []}', f"the list of 'images' is empty; {IMAGES}"),
        (b'{"images": "aGk="}', f"{IMAGES}, got an object with 'images'"),
        (b"[1, 2]", f"{IMAGES}, got a JSON list"),
        (b'"text"', f"{IMAGES}, got a JSON str"),
        (b"null", f"{IMAGES}, got a JSON NoneType"),
        (b'{"images": [7]}', "images[0] must be a base64 string, got int"),
        (b'{"images": [["aGk="]]}', "images[0] must be a base64 string, got list"),
        (
            b'{"images": ["a"]}',
            "images[0] is no base64: Invalid base64-encoded string: number of data characters (1) "
            "cannot be 1 more than a multiple of 4",
        ),
        (b'{"images": ["a!b="]}', "images[0] is no base64: Only base64 data is allowed"),
        (b'{"images": ["aGk=aGk="]}', "images[0] is no base64: Excess data after padding"),
        (
            b'{"images": ["data:image/png,aGk="]}',
            "images[0] is no base64: `data:` is to be followed by a media type and `;base64,`",
        ),
        (
            '{"images": ["é==="]}'.encode(),
            "images[0] is no base64: string argument should contain only ASCII characters",
        ),
        (
            b'{"images": [""]}',
            "images[0]: expected a PNG, JPEG, WebP, BMP or PPM file, got 0 bytes",
        ),
        (
            b"{",
            "the body is no JSON (Expecting property name enclosed in double quotes: line 1 "
            f"column 2 (char 1)); {IMAGES}",
        ),
        (
            b"\xff\xfe\x00",
            "the body is no JSON ('utf-16-le' codec can't decode byte 0x00 in "
            f"position 2: truncated data); {IMAGES}",
        ),
    ],
)
def test_other_json_is_refused(body: bytes, message: str) -> None:
    with raises(BadInput, message):
        parse_request(body, "application/json", LIMITS)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"images":' * 50_000])
def test_deeply_nested_json_is_refused(body: bytes) -> None:
    with raises(
        BadInput,
        "the body is no JSON (maximum recursion depth exceeded while decoding a JSON "
        f"{'array' if body.startswith(b'[') else 'object'} from a unicode string); {IMAGES}",
    ):
        parse_request(body, "application/json", LIMITS)


def test_limits_of_json() -> None:
    file = saved(noise(2, 3), "PNG")
    limits = RequestLimits(max_batch=2, image=ImageLimits(max_pixels=12))
    assert len(parse_request(as_json(file, file), "application/json", limits)) == 2
    with raises(TooLarge, "3 images in one request; at most 2 are taken. Send several"):
        parse_request(as_json(file, file, file), "application/json", limits)


@pytest.mark.parametrize("more", ["[" * 40 + "]" * 40, [0] * 40, [{}] * 20, {"a": [[]] * 20}])
def test_json_of_many_values_is_refused_before_it_is_parsed(
    more: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"images": [base64.b64encode(saved(blocks(), "PNG")).decode()]}
    text = json.dumps(document)
    added = more if isinstance(more, str) else json.dumps(more)
    body = f'{text[:-1]}, "other": {added}}}'.encode()
    assert len(parse_request(body, "application/json", LIMITS)) == 1
    monkeypatch.setattr(invocations, "MOST_VALUES", 20)
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("parsed"))
    with pytest.raises(TooLarge, match=r"^the body has \d+ values; at most 20 are read\. expected"):
        parse_request(body, "application/json", LIMITS)


def test_nothing_of_json_is_decoded_before_all_of_it_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OpenedImage, "read", lambda _: pytest.fail("decoded"))
    file = saved(noise(2, 3), "PNG")
    limits = RequestLimits(image=ImageLimits(max_pixels=13))
    with pytest.raises(TooLarge):
        parse_request(as_json(file, file, file), "application/json", limits)
    with pytest.raises(UnsupportedMedia):
        parse_request(as_json(file, b"GIF89a"), "application/json", limits)


@pytest.mark.parametrize("shape", [(1, 20_001, 3), (20_001, 1, 3), (2, 1, 1001, 3)])
def test_an_array_is_no_longer_than_an_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(TooLarge, match=r"^each image is "):
        parse_request(npy(np.zeros(shape, np.uint8)), "application/x-npy", LIMITS)


def test_pixels_of_json_are_counted_together() -> None:
    file = saved(noise(2, 3), "PNG")
    limits = RequestLimits(image=ImageLimits(max_pixels=13))
    with raises(
        TooLarge,
        "the first 3 images have 18 pixels together; at most 13 are read in one request. "
        "Send several",
    ):
        parse_request(as_json(file, file, file, b"not read"), "application/json", limits)


# Answers


@pytest.mark.parametrize(
    ("accept", "content_type", "answer_type"),
    [
        (None, "application/x-npy", "application/json"),
        (None, "image/png", VERBOSE),
        (None, "application/json", VERBOSE),
        ("*/*", "application/x-npy; a=b", "application/json"),
        ("application/json", "application/x-npy", "application/json"),
        ("application/json", "image/png", VERBOSE),
        ("application/*", "image/png", VERBOSE),
        ("Application/JSON; verbose=true", "application/x-npy", VERBOSE),
        ("text/csv", "image/png", "text/csv"),
        ("application/x-npy", "image/png", "application/x-npy"),
        ("text/html, text/csv;q=0.9", "image/png", "text/csv"),
        ("text/csv, application/x-npy", "image/png", "text/csv"),
        ("application/x-npy, text/csv, */*", "image/png", "application/x-npy"),
        ("text/html, */*", "application/x-npy", "application/json"),
        ("text/csv;q=0.5, application/json", "image/png", VERBOSE),
        ("text/csv;q=0.5, application/json;q=0.4", "image/png", "text/csv"),
        ("application/json;q=0, */*", "application/x-npy", "application/x-npy"),
        ("*/*, application/json;q=0.1", "image/png", "application/x-npy"),
        ("text/*", "image/png", "text/csv"),
        ("text/csv;charset=utf-8;q=1.000", "image/png", "text/csv"),
        ('application/json;a="x,text/csv"', "application/x-npy", "application/json"),
        (VERBOSE + ";q=0.2, application/json;q=0.1", "application/x-npy", VERBOSE),
        ("text/csv;q=high", "image/png", "text/csv"),
    ],
)
def test_the_answer_is_what_accept_asks_for(
    accept: str | None, content_type: str, answer_type: str
) -> None:
    assert choose_answer_type(accept, content_type) == answer_type


@pytest.mark.parametrize(
    "accept",
    ["text/html", "image/*", "application/xml, text/plain", "*/*;q=0", "text/csv;q=0.000", ","],
)
def test_an_answer_that_we_do_not_give_is_refused(accept: str) -> None:
    with raises(
        NotAcceptable,
        "Accept must allow application/json, application/json;verbose=true, application/x-npy "
        f"or text/csv, got {accept!r}",
    ):
        choose_answer_type(accept, "image/png")


def answer(answer_type: str, *classes: int) -> bytes:
    predictions = [make_prediction(class_id) for class_id in classes]
    return render_answer(answer_type, predictions, [f"c-{k}" for k in classes])


def test_the_blogs_shape() -> None:
    assert answer("application/json", 14) == b"[[14]]"
    assert answer("application/json", 14, 2) == b"[[14], [2]]"


def test_other_answers() -> None:
    assert answer("text/csv", 14, 2) == b"14\n2\n"
    array = np.load(io.BytesIO(answer("application/x-npy", 14, 2)))
    assert array.tolist() == [[14], [2]]
    assert array.dtype == np.int64
    assert json.loads(answer(VERBOSE, 14, 2)) == {
        "predictions": [
            prediction_json(make_prediction(14), "c-14"),
            prediction_json(make_prediction(2), "c-2"),
        ]
    }


def test_the_full_answer() -> None:
    prediction = make_prediction(14, 0.75, p_value=0.0012345678, flagged=True, reasons=("odd",))
    assert prediction_json(prediction, None) == {
        "class_id": 14,
        "label": "Stop",
        "confidence": 0.75,
        "top_classes": [
            {"class_id": 14, "label": "Stop", "confidence": 0.75},
            {"class_id": 0, "label": "Speed limit 20 km/h", "confidence": 0.005952},
            {"class_id": 1, "label": "Speed limit 30 km/h", "confidence": 0.005952},
        ],
        "suspicion": {"p_value": 0.001235, "flagged": True, "reasons": ["odd"]},
        "capture_id": None,
    }


def test_without_a_calibration_the_p_value_is_null() -> None:
    prediction = make_prediction(p_value=None, flagged=True, reasons=("odd",))
    assert prediction_json(prediction, None)["suspicion"] == {
        "p_value": None,
        "flagged": True,
        "reasons": ["odd"],
    }


SIDES = {
    CaptureMode.INPUT: [{"CaptureMode": "Input"}],
    CaptureMode.OUTPUT: [{"CaptureMode": "Output"}],
    CaptureMode.INPUT_AND_OUTPUT: [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
}


@pytest.mark.parametrize("mode", CaptureMode)
def test_capture_settings_are_written_as_sagemaker_does(mode: CaptureMode) -> None:
    document = {
        "EnableCapture": False,
        "InitialSamplingPercentage": 12.5,
        "CaptureOptions": SIDES[mode],
    }
    assert data_capture_config(CaptureSettings(False, 12.5, mode)) == document
    assert parse_data_capture_config(document) == CaptureSettings(False, 12.5, mode)
    document["CaptureOptions"] = SIDES[mode][::-1]
    assert parse_data_capture_config(document).mode is mode


def test_what_a_capture_config_leaves_out_is_captured_in_full() -> None:
    assert parse_data_capture_config({}) == CaptureSettings(
        True, 100.0, CaptureMode.INPUT_AND_OUTPUT
    )


def test_the_content_types_of_the_contract() -> None:
    assert set(invocations.CONTENT_TYPES) == {
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/bmp",
        "image/x-portable-anymap",
        "image/x-portable-pixmap",
        "image/x-portable-graymap",
        "image/x-portable-bitmap",
        "application/x-image",
        "application/x-npy",
        "application/json",
    }
