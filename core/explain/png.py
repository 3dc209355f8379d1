"""A comparison as one image: panels side by side, predictions over them, one colour scale."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.explain import heat_maps
from core.explain.comparison import Comparison
from core.explain.heat_maps import Pixels

PANEL = 240
GAP = 12
MARGIN = 28
HEADER, CAPTION, FOOTER = 78, 60, 84
INK, FAINT = (27, 36, 48), (95, 107, 122)


def render(comparison: Comparison) -> bytes:
    """PNG bytes: a group of columns for each side, one for the difference, a line for each row."""
    groups = [3 * PANEL + 2 * GAP] * len(comparison.sides) + [PANEL] * (len(comparison.sides) > 1)
    lefts = [MARGIN + sum(groups[:number]) + 2 * GAP * number for number in range(len(groups))]
    width = lefts[-1] + groups[-1] + MARGIN
    line = PANEL + CAPTION
    height = MARGIN + HEADER + comparison.rows * line + FOOTER
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    for left, side in zip(lefts, comparison.sides, strict=False):
        _write(draw, (left, MARGIN), side.title, 18, FAINT)
        _write(draw, (left, MARGIN + 26), side.summary, 26, INK)
        for row in range(comparison.rows):
            top = MARGIN + HEADER + row * line
            for number, (_, pixels) in enumerate(comparison.panels(side, row)):
                _paste(sheet, pixels, left + number * (PANEL + GAP), top)
            caption = comparison.caption(side.explanations[row])
            _write(draw, (left, top + PANEL + 10), caption, 15, FAINT)
    if len(comparison.sides) > 1:
        _write(draw, (lefts[-1], MARGIN), "Difference of the maps", 18, FAINT)
        first, second = (side.title.lower() for side in comparison.sides)
        ends = f"red: more in {first}, blue: in {second}"
        _write(draw, (lefts[-1], MARGIN + 34), ends, 13, FAINT, PANEL)
        for row in range(comparison.rows):
            panel = comparison.difference_panel(row)
            if panel is not None:
                _paste(sheet, panel, lefts[-1], MARGIN + HEADER + row * line)
    _footer(sheet, draw, comparison, height - FOOTER)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _footer(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, comparison: Comparison, top: int
) -> None:
    """The colour scale, and where it all comes from."""
    ramp = np.linspace(0, 1, 256)[None].repeat(12, axis=0)
    bar = heat_maps.coloured(ramp, largest=1.0, colours=comparison.style.colours)
    sheet.paste(Image.fromarray(bar), (MARGIN, top + 6))
    _write(
        draw,
        (MARGIN + 268, top + 3),
        "saliency, 0 to 100 % of the strongest places, one scale for all maps",
        15,
        FAINT,
    )
    facts = " · ".join(f"{name} {value}" for name, value in comparison.facts.items())
    source = f"{comparison.method.title}, {comparison.method.source} · {facts}"
    _write(draw, (MARGIN, top + 34), source, 13, FAINT, sheet.width - 2 * MARGIN)


def _paste(sheet: Image.Image, pixels: Pixels, left: int, top: int) -> None:
    """The panel in the middle of its square."""
    image = Image.fromarray(pixels)
    image.thumbnail((PANEL, PANEL), Image.Resampling.LANCZOS)
    sheet.paste(image, (left + (PANEL - image.width) // 2, top + (PANEL - image.height) // 2))


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    colour: tuple[int, int, int],
    width: int | None = None,
) -> None:
    """One line, shortened to `width` pixels, if it is given."""
    font = ImageFont.load_default(size)
    while width and len(text) > 1 and draw.textlength(text, font) > width:
        text = text[:-2].rstrip() + "…"
    draw.text(place, text, fill=colour, font=font)
