"""What stands on a page, read the way a person reads it: by label, title, caption."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from streamlit.proto.Metric_pb2 import Metric
from streamlit.testing.v1 import AppTest


@dataclass(frozen=True)
class Alert:
    """A coloured box. kind: error, warning, info or success."""

    kind: str
    title: str
    text: str


def alerts(at: AppTest) -> list[Alert]:
    """Every coloured box, kind by kind."""
    return [
        Alert(kind, each.proto.title, each.value)
        for kind in ("error", "warning", "success", "info")
        for each in at.get(kind)
    ]


def metrics(at: AppTest) -> dict[str, tuple[str, str]]:
    """label -> (value, what stands under it)."""
    return {each.label: (each.value, each.delta) for each in at.metric}


def colours(at: AppTest) -> dict[str, str]:
    """label -> the colour of what stands under a metric: RED, GREEN or GRAY."""
    return {each.label: Metric.MetricColor.Name(each.proto.color) for each in at.metric}


def click_rows(at: AppTest, table: Any, *rows: int) -> AppTest:
    """Select rows of a table by their number, as the browser reports it."""
    states = at._tree.get_widget_states()
    state = states.widgets.add(id=table.proto.id)
    state.string_value = json.dumps({"selection": {"rows": rows, "columns": [], "cells": []}})
    at._run(states)
    assert not at.exception
    return at


def values(elements: Iterable[Any]) -> list[Any]:
    """Texts of headings, captions, paragraphs; values of widgets."""
    return [each.value for each in elements]


def labels(elements: Iterable[Any]) -> list[str]:
    """What stands on buttons, links, and over fields."""
    return [each.proto.label for each in elements]


def labelled(elements: Iterable[Any], label: str) -> Any:
    """The one of that label."""
    (found,) = [each for each in elements if each.proto.label == label]
    return found


def button(at: AppTest, start: str, end: str) -> Any:
    """The button whose key begins and ends so; the version of a form stands between."""
    (found,) = [
        each
        for each in at.button
        if each.key and each.key.startswith(start) and each.key.endswith(end)
    ]
    return found


def links(at: AppTest) -> list[tuple[str, str, str]]:
    """(label, page, query string) of every link to a page."""
    return [(e.value, e.proto.page, e.proto.query_string) for e in at.page_link]


def charts(at: AppTest) -> dict[str, dict[str, Any]]:
    """key -> the Plotly figure, `data` and `layout`."""
    return {each.key: json.loads(each.proto.spec) for each in at.get("plotly_chart")}


def moving_charts(at: AppTest) -> dict[str, dict[str, Any]]:
    """key -> the option of the ECharts chart, with its series by id as `by_id`."""
    found = {}
    for each in at.get("echarts_chart"):
        option = json.loads(each.proto.spec)
        option["by_id"] = {series["id"]: series for series in option["series"]}
        found[each.proto.id.rpartition("-")[2]] = option
    return found


def image_captions(at: AppTest) -> list[str]:
    """What stands under the images."""
    return [caption for each in at.image for caption in each.captions]
