"""The class frequencies of a window as a PNG for messages, drawn without a browser."""

from __future__ import annotations

import io

from PIL import Image, ImageColor, ImageDraw, ImageFont

from core.labels import all_labels, class_name
from core.plots.base import ALARM, MOST_FOREIGN, ORDINARY
from core.records.monitoring import WindowFigures
from core.records.window import Window

WIDTH, HEIGHT = 1000, 480
LEFT, RIGHT, TOP, BOTTOM = 72, 24, 96, 64
INK, FAINT, GRID = "#1b2430", "#5f6b7a", "#e6eaef"
SHARP = 2  # drawn this many times larger, so that edges come out smooth


def class_frequencies_png(found: WindowFigures, window: Window, threshold: float) -> bytes:
    """Share of the window by class, the threshold as a line; classes above it in red.

    Classes outside the label set follow, the MOST_FOREIGN largest.

    Parameters
    ----------
    found
        Counts of the window.
    window
        Named in the title.
    threshold
        Largest share of one class, in (0, 1].

    Returns
    -------
    bytes
        A PNG of WIDTH x HEIGHT pixels.
    """
    return _Chart(found, window, threshold).png()


class _Chart:
    def __init__(self, found: WindowFigures, window: Window, threshold: float) -> None:
        self._found = found
        self._window = window
        self._shares = found.shares()
        self._threshold = threshold
        self._own = [label.class_id for label in all_labels()]
        foreign = [k for k in self._shares if k not in self._own][:MOST_FOREIGN]
        self._classes = [*self._own, *foreign]
        self._top = min(1.0, 1.2 * max([self._threshold, *self._shares.values()]))
        self._image = Image.new("RGB", (WIDTH * SHARP, HEIGHT * SHARP), "white")
        self._draw = ImageDraw.Draw(self._image)

    def png(self) -> bytes:
        self._head()
        self._grid()
        self._bars()
        self._line()
        buffer = io.BytesIO()
        self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(
            buffer, "PNG", optimize=True
        )
        return buffer.getvalue()

    def _head(self) -> None:
        window = self._window
        shares = list(self._shares.items())[:1]
        title = "No prediction could be read"
        for class_id, share in shares:
            title = f"{class_name(class_id)}: {share:.1%} of the predictions"
        above = bool(shares) and shares[0][1] > self._threshold
        self._text((LEFT, 20), title, 24, ALARM if above else INK)
        predictions = sum(self._found.counts.values())
        self._text(
            (LEFT, 54),
            f"{predictions:,} predictions, {window.start:%Y-%m-%d %H:%M:%S} to "
            f"{window.end:%Y-%m-%d %H:%M:%S} UTC",
            15,
            FAINT,
        )

    def _grid(self) -> None:
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if self._top / s <= 6)
        for number in range(int(self._top / step + 1e-9) + 1):
            y = self._y(number * step)
            self._rule(y, GRID if number else FAINT, 1)
            self._text((LEFT - 10, y), f"{number * step:.0%}", 14, FAINT, "rm")
        for place, class_id in enumerate(self._classes):
            if class_id % 2 == 0 or class_id not in self._own:
                self._text((self._x(place), HEIGHT - BOTTOM + 8), str(class_id), 13, FAINT, "mt")
        self._text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 22), "predicted class", 14, FAINT, "mm")

    def _bars(self) -> None:
        half = 0.4 * (self._x(1) - self._x(0))
        for place, class_id in enumerate(self._classes):
            share = self._shares.get(class_id, 0.0)
            if share == 0:
                continue
            colour = ALARM if share > self._threshold else ORDINARY
            x, y = self._x(place), self._y(share)
            self._draw.rectangle(
                [SHARP * each for each in (x - half, y, x + half, HEIGHT - BOTTOM)],
                fill=ImageColor.getrgb(colour),
            )

    def _line(self) -> None:
        y = self._y(self._threshold)
        for x in range(LEFT, WIDTH - RIGHT, 14):
            end = min(x + 8, WIDTH - RIGHT)
            self._draw.line([SHARP * x, SHARP * y, SHARP * end, SHARP * y], ALARM, 2 * SHARP)
        self._text((WIDTH - RIGHT, y - 6), f"threshold {self._threshold:.0%}", 14, ALARM, "rb")

    def _x(self, place: float) -> float:
        return LEFT + (place + 0.7) * (WIDTH - RIGHT - LEFT) / (len(self._classes) + 0.4)

    def _y(self, share: float) -> float:
        return HEIGHT - BOTTOM - share / self._top * (HEIGHT - BOTTOM - TOP)

    def _rule(self, y: float, colour: str, width: int) -> None:
        ends = [SHARP * each for each in (LEFT, y, WIDTH - RIGHT, y)]
        self._draw.line(ends, colour, width * SHARP)

    def _text(
        self, place: tuple[float, float], text: str, size: int, colour: str, anchor: str = "la"
    ) -> None:
        x, y = place
        font = ImageFont.load_default(size * SHARP)
        self._draw.text((SHARP * x, SHARP * y), text, colour, font, anchor)
