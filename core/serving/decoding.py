"""Where untrusted images are decoded: two lanes, so that a large one holds nobody else up.

What is opened and found small is decoded at once, by as many threads as there are cores. Large
images, and requests with many, wait for a thread of their own. Decoded images are given on one by
one: none is kept while the next is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

from core.errors import Unavailable
from core.images import LARGE, ImageFile
from core.invocations import Opened
from core.model.threads import SERVING_WORKERS, compute_on_one_thread

T = TypeVar("T")


class Decoders:
    """The threads that decode."""

    def __init__(self) -> None:
        self._small = ThreadPoolExecutor(SERVING_WORKERS, "decode")
        self._large = ThreadPoolExecutor(1, "decode-large", compute_on_one_thread)

    def submit(
        self, opened: Callable[[], Sequence[Opened]], then: Callable[[ImageFile], T]
    ) -> Future[list[T]]:
        """Decode images, and call `then` with each.

        Parameters
        ----------
        opened
            Reads the structure of the files; called in a thread of the small ones.
        then
            Called with each image, in order.

        Returns
        -------
        Future[list[T]]
            What `then` returned. Its exception is what either raises.

        Raises
        ------
        Unavailable
            They are closed.
        """
        done: Future[list[T]] = Future()
        self._enter(self._small, done, lambda: self._open(opened, then, done))
        return done

    def close(self) -> None:
        """Decode what waits, then stop."""
        self._small.shutdown()
        self._large.shutdown()

    def _open(
        self,
        opened: Callable[[], Sequence[Opened]],
        then: Callable[[ImageFile], T],
        done: Future[list[T]],
    ) -> None:
        images = opened()
        if sum(image.work for image in images) > LARGE:
            self._enter(self._large, done, lambda: _read(images, then, done))
        else:
            _read(images, then, done)

    def _enter(self, lane: Executor, done: Future[list[T]], work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001
                done.set_exception(error)  # the caller learns of it

        try:
            lane.submit(guarded)
        except RuntimeError:  # it has been shut down
            raise Unavailable("the classifier is stopped; start the dashboard again") from None


def _read(images: Sequence[Opened], then: Callable[[ImageFile], T], done: Future[list[T]]) -> None:
    done.set_result([then(image.read()) for image in images])
