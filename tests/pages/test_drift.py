"""The drift detector on Overview and Monitor: e-values, threshold, sentences, setting."""

from datetime import timedelta

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from core.plots.overview import LIGHT
from core.records.drift import DriftSettings
from core.records.window import now
from core.services import Services
from tests.pages.conftest import OpenPage
from tests.support.elements import labelled, moving_charts, values
from tests.support.observing import attacked, clean, put, use

NO_BASELINE = (
    "Not computed: there is no baseline. Create one from known-good traffic on the Monitor page or "
    "with `baseline create`."
)


@pytest.fixture
def checked(signwatch: Services) -> Services:
    """Clean traffic that was checked."""
    use(signwatch)
    put(signwatch, clean(100))
    signwatch.monitoring.run_on_alarm()
    return signwatch


def sentences(at: AppTest) -> list[str]:
    return [text for text in values(at.markdown) if "e-value " in text or "Alarm since" in text]


def test_without_a_baseline_both_pages_say_what_to_do(
    open_page: OpenPage, signwatch: Services
) -> None:
    put(signwatch, clean(3))
    assert f"**Drift detector** · {NO_BASELINE}" in values(open_page("overview").caption)
    assert NO_BASELINE in values(open_page("monitor", tab="Drift detector").caption)


def test_the_overview_shows_e_values_below_the_threshold(
    open_page: OpenPage, checked: Services
) -> None:
    at = open_page("overview")
    assert "Drift detector" in values(at.subheader)
    chart = moving_charts(at)["e_values"]
    curves = chart["series"]
    assert [curve["name"] for curve in curves] == [
        "class x flag",
        "confidence",
        "class, for comparison",
    ]
    assert [curve["color"] == LIGHT.muted for curve in curves] == [False, False, True]
    line = curves[0]["markLine"]
    assert (line["data"], line["lineStyle"]["color"]) == ([{"yAxis": 10_000}], LIGHT.alarm)
    assert chart["yAxis"]["type"] == "log"
    assert line["label"]["formatter"] == "alarm at 10,000"
    first, second = sentences(at)
    assert first.startswith(":green[:material/check:] **class x flag** · No alarm: e-value ")
    assert second.startswith(":green[:material/check:] **confidence** · No alarm: e-value ")
    (caption,) = [text for text in values(at.caption) if "predictions checked since" in text]
    assert caption.startswith("As of ")
    assert " UTC. 100 predictions checked since" in caption


def test_an_alarm_is_red_and_named(open_page: OpenPage, checked: Services) -> None:
    put(checked, attacked(60))
    checked.monitoring.run_on_alarm()
    at = open_page("overview")
    assert sentences(at)[0].startswith(
        ":red[:material/error:] **class x flag** · Class 14 (Stop) is "
    )
    curves = moving_charts(at)["e_values"]["series"]
    assert max(value for curve in curves for _, value in curve["data"]) > 10_000


def test_the_monitor_page_lists_every_channel(open_page: OpenPage, checked: Services) -> None:
    at = open_page("monitor", tab="Drift detector")
    rows = [text for text in values(at.markdown) if text.startswith("**drift detector, ")]
    assert [text.partition("**")[2].partition("**")[0] for text in rows] == [
        "drift detector, class x flag",
        "drift detector, confidence",
        "drift detector, class",
    ]
    assert "predictions: 10,000" in rows[0]
    assert any("100 predictions checked since" in text for text in values(at.caption))


def test_the_rate_of_false_alarms_can_be_set(open_page: OpenPage, checked: Services) -> None:
    at = open_page("monitor", tab="Drift detector")
    field = at.number_input(key="false_alarm_every")
    assert field.value == 10_000
    field.set_value(2_500.0).run()
    at.button(key="stream_use").click().run()
    assert not at.exception
    assert checked.drift.settings() == DriftSettings(2_500)
    put(checked, clean(5))
    checked.monitoring.run_on_alarm()
    line = moving_charts(open_page("overview"))["e_values"]["series"][0]["markLine"]
    assert line["data"] == [{"yAxis": 2_500}]


def test_the_detectors_tab_is_drawn_again_until_it_has_looked(
    open_page: OpenPage, signwatch: Services, messages: list[ForwardMsg]
) -> None:
    use(signwatch)
    at = open_page("monitor", tab="Drift detector")
    assert "Starting. First result in a few seconds." in values(at.caption)
    assert [each.auto_rerun.interval for each in messages if each.HasField("auto_rerun")] == [3.0]
    signwatch.monitoring.run_on_alarm()
    at.run()
    assert any("0 predictions checked since" in text for text in values(at.caption))


def test_rows_of_a_run_explain_drift_and_volume(open_page: OpenPage, checked: Services) -> None:
    checked.monitoring.run()
    at = open_page("monitor")
    texts = values(at.markdown)
    assert any(text.startswith("**volume** · smallest p-value 0.0005  \n") for text in texts)
    assert labelled(at.expander, "For comparison: rules that do not decide the status")
    assert len([text for text in texts if text.startswith("**drift detector, class** · ")]) == 1


def test_the_chart_keeps_to_the_stretch_that_is_shown(
    open_page: OpenPage, checked: Services
) -> None:
    at = open_page("overview")
    axis = moving_charts(at)["e_values"]["xAxis"]
    begin, end = axis["min"], axis["max"]
    assert begin < end <= (now() + timedelta(seconds=5)).isoformat()
