"""What was dropped or taken and what came of it, kept in the session until it is cleared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray
from streamlit.typing import UploadedFile

from core import plots
from core.errors import SignwatchError
from core.records.captures import Prediction, Provenance
from core.records.plain_text import short
from core.services import ImageFile, samples
from pages._shared import parts
from pages._shared.user import current

SIDE = 160  # pixels of an image on a card
SAMPLES = 8


@dataclass(frozen=True)
class Source:
    """An image to be sent. read: raises one of the project's errors; sample: its class and number
    among the sample signs.
    """

    key: str
    name: str
    read: Callable[[], ImageFile]
    sample: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Classified:
    """One request and its answer; capture_id is None where it was not sampled."""

    key: str
    name: str
    pixels: NDArray[uint8]
    prediction: Prediction
    capture_id: str | None
    sample: tuple[int, int] | None


@dataclass(frozen=True)
class Refused:
    """A file that was not sent, and why."""

    name: str
    reason: str


@dataclass
class Board:
    """Answers by key, in the order sent. taken: uploads and turns of samples that are through."""

    answers: dict[str, Classified | Refused] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    turn: int = 0

    @property
    def classified(self) -> list[Classified]:
        """Flagged ones first, each kind in the order sent."""
        found = [each for each in self.answers.values() if isinstance(each, Classified)]
        return sorted(found, key=lambda each: not each.prediction.suspicion.flagged)

    @property
    def refused(self) -> list[Refused]:
        """Files that were not sent."""
        return [each for each in self.answers.values() if isinstance(each, Refused)]

    def take_uploads(self, uploads: Sequence[UploadedFile]) -> None:
        """Send what is new among these; a ZIP counts as the files in it."""
        fresh = [each for each in uploads if each.file_id not in self.taken]
        self._send(source for upload in fresh for source in self._sources(upload))
        self.taken |= {each.file_id for each in fresh}

    def take_samples(self) -> None:
        """Send the sample signs of this turn, unless they are."""
        key, available = f"samples_{self.turn}", samples.all_samples()
        if not self.turn or key in self.taken or not available:
            return
        chosen = [available[(self.turn * 7 + n * 31) % len(available)] for n in range(SAMPLES)]
        self._send(
            Source(f"{key}_{each.name}", each.name, each.image, (each.class_id, each.number))
            for each in chosen
        )
        self.taken.add(key)

    def _sources(self, upload: UploadedFile) -> list[Source]:
        inference = current().inference
        try:
            packed = inference.unpacked(upload.getvalue())
        except SignwatchError as error:
            self.answers[upload.file_id] = Refused(upload.name, str(error))
            return []
        if packed is None:
            return [Source(upload.file_id, upload.name, lambda: inference.read(upload.getvalue()))]
        return [
            Source(
                f"{upload.file_id}_{number}",
                each.name,
                lambda each=each: inference.read(each.read()),
            )
            for number, each in enumerate(packed)
        ]

    def _send(self, sources: Iterable[Source]) -> None:
        new = [each for each in sources if each.key not in self.answers]
        if not new:
            return
        with parts.progress_bar("Classifying") as report:
            for number, source in enumerate(new):
                report(number, len(new), short(source.name))
                self.answers[source.key] = self._answer(source)

    def _answer(self, source: Source) -> Classified | Refused:
        """One request, or why there is none. A board holds what one request may hold."""
        inference = current().inference
        most = inference.limits.max_batch
        if len(self.classified) >= most:
            return Refused(source.name, f"{most:,} images are shown; press Clear and drop it again")
        try:
            image = source.read()
        except SignwatchError as error:
            return Refused(source.name, str(error))
        label = source.sample[0] if source.sample else None
        answer = inference.send(image, Provenance(source="dashboard", label=label))
        return Classified(
            source.key,
            source.name,
            plots.resized(image.pixels, SIDE),
            answer.predictions[0],
            answer.capture_ids[0],
            source.sample,
        )


def board() -> Board:
    """That of this session."""
    shown: Board = st.session_state.setdefault("classify_board", Board())
    return shown


def clear() -> None:
    """Forget all answers, and the files that wait in the uploader: it becomes another one."""
    st.session_state.pop("classify_board", None)
    st.session_state["classify_uploader"] = uploader() + 1


def uploader() -> int:
    """The number of the uploader that is shown."""
    number: int = st.session_state.get("classify_uploader", 0)
    return number
