"""Sign-in: where it is configured, nobody sees a page without it; a setting says who decides."""

import pytest
from streamlit.testing.v1 import AppTest

from core.records.captures import Capture
from core.records.plain_text import plain
from core.records.triage import Holder
from core.records.verdicts import Verdict
from core.services import Services
from pages._shared import user as _user
from tests.pages.conftest import SHELL, go_to
from tests.support.elements import Alert, alerts, labels, values
from tests.support.traffic import put_flagged

ADA = {"is_logged_in": True, "name": "Ada", "email": "ada@example.org", "email_verified": True}
NAMED = plain("Ada <ada@example.org>")
AUTH = {"redirect_uri": "http://localhost:8501/oauth2callback", "cookie_secret": "x"}


def shell(user: dict[str, object], secrets: dict[str, object] | None = None) -> AppTest:
    at = AppTest.from_file(SHELL, default_timeout=60)
    at.user = user
    if secrets:
        at.secrets["auth"] = secrets
    return at.run()


@pytest.fixture
def with_authlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were installed."""
    monkeypatch.setattr(_user, "find_spec", lambda name: object())


@pytest.mark.usefixtures("with_authlib")
@pytest.mark.parametrize(
    ("secrets", "buttons"),
    [
        (AUTH | {"client_id": "a"}, ["Sign in"]),
        (AUTH | {"client_id": "a", "client_kwargs": {"prompt": "login"}}, ["Sign in"]),
        (
            AUTH | {"google": {"client_id": "a"}, "okta": {"client_id": "b"}},
            ["Sign in with google", "Sign in with okta"],
        ),
    ],
)
def test_nobody_sees_a_page_without_signing_in(
    secrets: dict[str, object], buttons: list[str], signwatch: Services
) -> None:
    at = shell({"is_logged_in": False}, secrets)
    assert not at.exception
    assert values(at.title) == ["Signwatch"]
    assert labels(at.button) == buttons
    assert values(at.markdown) == ["Captured traffic and verdicts are for those who are signed in."]
    assert not at.metric


def test_without_authlib_nobody_gets_in_and_the_page_says_why(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_user, "find_spec", lambda name: None)
    at = shell({"is_logged_in": False}, AUTH)
    assert alerts(at) == [
        Alert(
            "error",
            "Sign-in does not work",
            "Sign-in is configured in `.streamlit/secrets.toml`, but Authlib is not installed, and "
            "Streamlit needs it. Run `.venv/bin/pip install 'streamlit[auth]'` and restart. Nobody "
            "can sign in until then. docs/guides/sign-in.md says how to set it up.",
        )
    ]
    assert not at.button


def triage_of(user: dict[str, object]) -> AppTest:
    at = shell(user)
    assert not at.exception
    return go_to(at, "triage")


@pytest.fixture
def capture(signwatch: Services) -> Capture:
    return put_flagged(signwatch, 0.001)


def press(at: AppTest, label: str) -> AppTest:
    next(each for each in at.button if each.proto.label == label).click().run()
    assert not at.exception
    return at


def test_without_sign_in_there_is_one_local_user(signwatch: Services, capture: Capture) -> None:
    press(triage_of({"email": "test@example.com"}), "Not a sign")
    assert signwatch.log.capture(capture.capture_id).decision.analyst == "local"


def test_verdicts_carry_the_name(signwatch: Services, capture: Capture) -> None:
    at = triage_of(ADA)
    assert NAMED in values(at.sidebar.caption)
    press(at, "Not a sign")
    decision = signwatch.log.capture(capture.capture_id).decision
    assert (decision.verdict, decision.analyst) == (Verdict.NOT_A_SIGN, "Ada <ada@example.org>")


def test_another_analyst_begins_anew(signwatch: Services, capture: Capture) -> None:
    """In the same window, where the one before has left."""
    at = triage_of(ADA)
    at.user = ADA | {"name": "Bo", "email": "bo@example.org"}
    press(at.run(), "Not a sign")
    decision = signwatch.log.capture(capture.capture_id).decision
    assert (decision.verdict, decision.analyst) == (Verdict.NOT_A_SIGN, "Bo <bo@example.org>")


@pytest.mark.parametrize(
    ("allowed", "may"), [("ada@example.org", True), ("example.org", True), ("bo@x.org", False)]
)
def test_the_setting_says_who_may_decide(
    allowed: str, may: bool, environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_ANALYSTS", allowed)
    put_flagged(request.getfixturevalue("signwatch"), 0.001)
    at = triage_of(ADA)
    (verdict,) = [each for each in at.button if each.proto.label == "Not a sign"]
    assert verdict.disabled != may
    if not may:
        assert (
            verdict.help == "Only analysts may give verdicts. SIGNWATCH_ANALYSTS says who is one."
        )
    assert ("You can view but not decide." in values(at.info)) != may
    assert (f"{NAMED} (view only)" in values(at.sidebar.caption)) != may


def test_who_may_not_decide_takes_nothing_from_others(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_ANALYSTS", "bo@x.org")
    signwatch: Services = request.getfixturevalue("signwatch")
    put_flagged(signwatch, 0.001)
    triage_of(ADA)
    nobody = Holder("nobody", "")
    assert signwatch.triage.in_work_elsewhere(nobody) == []
