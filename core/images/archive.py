"""A ZIP of images: its files one by one, none of them read before it is asked for.

Nothing is written, so that names are only names: folders are cut off. Archives in an archive are
not opened, and hidden files, which no person put there, are left out.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.errors import BadInput, TooLarge
from core.images.limits import ImageLimits

TOTAL = 5  # times the largest file: bytes of all files together, unpacked
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
HIDDEN = 4  # entries a file: itself, its shadow on a Mac, folders
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class PackedFile:
    """One file of an archive. name: without its folders."""

    name: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    limits: ImageLimits

    def read(self) -> bytes:
        """Its bytes; raises BadInput, or TooLarge before anything is unpacked."""
        self.limits.check_file(self.info.file_size)
        if self.info.flag_bits & 1:
            raise BadInput("the file is encrypted; pack it without a password")
        if self.info.compress_type not in METHODS:
            raise BadInput("the file is packed in a way that is not read; pack it as plain ZIP")
        try:
            content = self.archive.read(self.info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise BadInput(f"the file in the ZIP is damaged ({error}); pack it again") from error
        if is_zip(content):
            raise BadInput("a ZIP in a ZIP is not opened; drop it on its own")
        return content


def is_zip(content: bytes) -> bool:
    """Whether a file begins as a ZIP does."""
    return content.startswith((LOCAL, END))


def open_zip(content: bytes, limits: ImageLimits, *, most: int) -> list[PackedFile]:
    """The files in an untrusted ZIP, in its order; none is unpacked so far.

    Raises
    ------
    TooLarge
        There are more than `most` files, or together they are larger than TOTAL largest files.
    BadInput
        It is no ZIP, is damaged, or holds no file.
    """
    limits.check_file(len(content))
    # zipfile reads the whole list of files, which a small file can make long: it is counted before.
    if content.count(CENTRAL) > HIDDEN * most:
        raise TooLarge(f"the ZIP has more than {most:,} files. Pack fewer into one")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise BadInput(f"the ZIP is damaged ({error}); pack it again") from error
    found = [each for each in archive.infolist() if not _is_hidden(each)]
    if not found:
        raise BadInput("the ZIP holds no file")
    if len(found) > most:
        raise TooLarge(f"the ZIP has {len(found):,} files; at most {most:,} are read")
    total, largest = sum(each.file_size for each in found), TOTAL * limits.max_bytes
    if total > largest:
        raise TooLarge(
            f"the files in the ZIP have {total:,} bytes unpacked; at most {largest:,} are read. "
            "Pack fewer into one"
        )
    return [PackedFile(PurePosixPath(each.filename).name, archive, each, limits) for each in found]


def _is_hidden(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    return info.is_dir() or not parts or parts[0] == "__MACOSX" or parts[-1].startswith(".")
