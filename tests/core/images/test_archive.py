"""A ZIP of images: what is in it, what is refused, and what is never unpacked."""

import io
import struct
import zipfile

import pytest

from core.errors import BadInput, TooLarge
from core.images import ImageLimits, is_zip, open_zip
from core.images.archive import CENTRAL

LIMITS = ImageLimits(max_bytes=1000)


def packed(method: int = zipfile.ZIP_DEFLATED, /, **files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_files_come_in_their_order_without_their_folders() -> None:
    files = {"b/two.png": b"2", "a.png": b"1", "../../etc/passwd": b"3", "/root.png": b"4"}
    found = open_zip(packed(**files), LIMITS, most=4)
    assert [(each.name, each.read()) for each in found] == [
        ("two.png", b"2"),
        ("a.png", b"1"),
        ("passwd", b"3"),
        ("root.png", b"4"),
    ]


def test_what_no_person_put_there_is_left_out() -> None:
    files = {"signs/": b"", "__MACOSX/signs/._a.png": b"x", ".DS_Store": b"x", "signs/a.png": b"1"}
    assert [each.name for each in open_zip(packed(**files), LIMITS, most=1)] == ["a.png"]


def test_more_files_than_are_read_are_refused() -> None:
    files = {f"{n}.png": b"" for n in range(5)}
    assert len(open_zip(packed(**files), LIMITS, most=5)) == 5
    with pytest.raises(TooLarge, match=r"^the ZIP has 5 files; at most 4 are read$"):
        open_zip(packed(**files), ImageLimits(max_bytes=10_000), most=4)


def test_a_long_list_of_files_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(**{f"{n}": b"" for n in range(9)})
    assert content.count(CENTRAL) == 9
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(TooLarge, match=r"^the ZIP has more than 2 files\. Pack fewer into one$"):
        open_zip(content, ImageLimits(), most=2)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = packed(**{f"{n}.png": bytes(900) for n in range(6)})
    assert len(bomb) < 1000
    with pytest.raises(TooLarge, match="have 5,400 bytes unpacked; at most 5,000 are read"):
        open_zip(bomb, LIMITS, most=9)


def test_one_file_that_is_too_large_leaves_the_others() -> None:
    large, small = open_zip(packed(large=bytes(1001), small=b"1"), LIMITS, most=9)
    with pytest.raises(TooLarge, match="the file has 1,001 bytes; at most 1,000 are read"):
        large.read()
    assert small.read() == b"1"


def test_a_file_that_is_larger_than_its_archive_says_is_not_unpacked_further() -> None:
    content = packed(a=bytes(900))
    place = content.index(CENTRAL) + 24  # the size, unpacked
    lying = content[:place] + struct.pack("<I", 10) + content[place + 4 :]
    (found,) = open_zip(lying, LIMITS, most=9)
    with pytest.raises(BadInput, match=r"^the file in the ZIP is damaged \(Bad CRC-32"):
        found.read()


def test_an_archive_in_an_archive_is_not_opened() -> None:
    (inner,) = open_zip(packed(inner=packed(a=b"1")), LIMITS, most=9)
    with pytest.raises(BadInput, match=r"^a ZIP in a ZIP is not opened; drop it on its own$"):
        inner.read()


def test_encrypted_and_unusually_packed_files_are_refused() -> None:
    content = bytearray(packed(a=b"1"))
    content[content.index(CENTRAL) + 8] |= 1
    (encrypted,) = open_zip(bytes(content), LIMITS, most=9)
    with pytest.raises(BadInput, match="encrypted"):
        encrypted.read()
    (bzip2,) = open_zip(packed(zipfile.ZIP_BZIP2, a=b"1"), LIMITS, most=9)
    with pytest.raises(BadInput, match="packed in a way that is not read"):
        bzip2.read()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed(a=b"1")[:-9], "the ZIP is damaged"),
        (b"PK\x03\x04", "the ZIP is damaged"),
        (packed(), "the ZIP holds no file"),
        (packed(**{"folder/": b""}), "the ZIP holds no file"),
    ],
)
def test_what_holds_nothing_is_refused(content: bytes, message: str) -> None:
    assert is_zip(content)
    with pytest.raises(BadInput, match=f"^{message}"):
        open_zip(content, LIMITS, most=9)


def test_the_archive_itself_is_bounded() -> None:
    with pytest.raises(TooLarge, match="the file has 1,001 bytes"):
        open_zip(b"PK\x03\x04".ljust(1001), LIMITS, most=9)


def test_images_are_no_archives() -> None:
    assert not is_zip(b"\x89PNG\r\n\x1a\n")
    assert not is_zip(b"")
