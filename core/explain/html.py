"""A comparison as one HTML file that needs nothing else: images inside, no scripts."""

from __future__ import annotations

from collections.abc import Iterable

from core.explain.comparison import Comparison
from core.explain.heat_maps import Pixels
from core.explain.layers import readable_layer
from core.labels import class_name
from core.records.plain_text import html
from core.thumbnails import data_url

# Nothing is fetched and nothing runs, whatever the file holds.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; }
section { margin-top: 2.5rem; }
.sides { display: flex; flex-wrap: wrap; gap: 2rem; }
.side { flex: 1 1 22rem; }
.panels { display: flex; gap: .5rem; }
figure { margin: 0; flex: 1; min-width: 0; }
img { width: 100%; height: auto; border-radius: 4px; display: block; }
.difference { flex: 0 1 18rem; }
figcaption, .muted { color: GrayText; font-size: .875rem; }
table { border-collapse: collapse; margin-top: .5rem; }
th, td { text-align: left; padding: .15rem .9rem .15rem 0; vertical-align: top; }
tbody th { font-weight: normal; }
td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


def render(comparison: Comparison) -> str:
    """The whole document. Every text in it is escaped."""
    sections = [_section(comparison, row) for row in range(comparison.rows)]
    facts = {**comparison.facts, **comparison.settings()}
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html(_title(comparison))}</title>",
            f"<style>{STYLE}</style></head>",
            "<body>",
            f"<h1>{html(_title(comparison))}</h1>",
            '<p class="muted">All maps share one colour scale; brighter places weigh more. '
            "A map explains a prediction, it does not prove an attack.</p>",
            *sections,
            f"<section><h2>How it was made</h2>{_facts(facts.items())}</section>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _title(comparison: Comparison) -> str:
    predictions = [class_name(side.prediction.class_id) for side in comparison.sides]
    return f"Why {' and '.join(dict.fromkeys(predictions))}?"


def _section(comparison: Comparison, row: int) -> str:
    classes = dict.fromkeys(
        class_name(side.explanations[row].class_id) for side in comparison.sides
    )
    sides = []
    for side in comparison.sides:
        panels = "".join(
            _figure(pixels, name, f"{name} of the {side.title.lower()} image")
            for name, pixels in comparison.panels(side, row)
        )
        sides.append(
            f'<div class="side"><h3>{html(side.title)}: {html(side.summary)}</h3>'
            f'<div class="panels">{panels}</div>'
            f"<p>{html(comparison.caption(side.explanations[row]))}</p></div>"
        )
    return (
        f"<section><h2>Maps for {html(' and '.join(classes))}</h2>"
        f'<div class="sides">{"".join(sides)}</div>'
        f'<div class="sides">{_difference(comparison, row)}{_layers(comparison, row)}</div>'
        "</section>"
    )


def _difference(comparison: Comparison, row: int) -> str:
    pixels = comparison.difference_panel(row)
    if pixels is None:
        return ""
    first, second = (side.title.lower() for side in comparison.sides)
    caption = f"Red: more in the {first} image; blue: more in the {second} one"
    figure = _figure(pixels, caption, "Signed difference of the two maps")
    return f'<div class="difference"><h3>Difference of the maps</h3>{figure}</div>'


def _layers(comparison: Comparison, row: int) -> str:
    """Contributions in logits, layer by layer, and their sums."""
    own = [side.explanations[row] for side in comparison.sides]
    if not all(each.contributions for each in own):
        return ""
    names = dict.fromkeys(name for each in own for name in each.contributions)
    lines = [
        (readable_layer(name), [each.contributions.get(name, 0.0) for each in own])
        for name in names
    ]
    lines.append(("All together: the logit", [each.logit for each in own]))
    head = "".join(f'<th class="number">{html(side.title)}</th>' for side in comparison.sides)
    body = "".join(
        f"<tr><th>{html(name)}</th>"
        + "".join(f'<td class="number">{value:+.3f}</td>' for value in values)
        + "</tr>"
        for name, values in lines
    )
    return (
        '<div class="side"><h3>Contribution by layer, in logits</h3>'
        f"<table><thead><tr><th>Layer</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = (f"<tr><th>{html(name)}</th><td>{html(value)}</td></tr>" for name, value in facts)
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _figure(pixels: Pixels, caption: str, alt: str) -> str:
    return (
        f'<figure><img src="{data_url(pixels)}" alt="{html(alt)}">'
        f"<figcaption>{html(caption)}</figcaption></figure>"
    )
