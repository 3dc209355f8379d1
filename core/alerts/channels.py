"""Where alerts go: services by their Apprise URL, which may hold secrets and is never shown."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from core.errors import BadInput
from core.settings import Settings

if TYPE_CHECKING:
    from apprise import NotifyBase

SECONDS_AT_MOST = 30.0  # for one attempt on one channel
EXAMPLES = "https://host/path (JSON), slack://..., mailto://..."

# Between two URLs: blanks, or a comma before the next scheme (a URL may hold commas).
_BETWEEN = re.compile(r",?\s+|,(?=[a-zA-Z][\w+.-]*://)")
_PIECES = re.compile(r"[^\w.~%-]+")
_SHORTEST_SECRET = 4  # characters; shorter pieces of a URL stand in ordinary words


class Tone(StrEnum):
    """How a service colours a message; Apprise's words."""

    FAILURE = "failure"
    SUCCESS = "success"
    INFO = "info"


@dataclass(frozen=True)
class AlertChannel:
    """One service that alerts are sent to.

    Parameters
    ----------
    label
        What may be shown of it: the service and its host.
    url
        Its Apprise URL, with secrets.
    """

    label: str
    url: str = field(repr=False)

    def send(self, title: str, body: str, tone: Tone, image: bytes | None = None) -> str | None:
        """Send one message, once. Raises nothing.

        Parameters
        ----------
        title, body
            Plain text.
        tone
            How the service colours the message.
        image
            A PNG, attached where the service takes files.

        Returns
        -------
        str or None
            Why the service did not take it; None if it did.
        """
        from apprise import Apprise, AppriseAttachment, NotifyType
        from apprise.attachment.memory import AttachMemory

        service = _service(self.url)
        if service is None:
            return "the URL is no longer valid"
        attachment = AppriseAttachment()
        if image is not None:
            attachment.add(AttachMemory(image, "classes.png", "image/png"))  # type: ignore[no-untyped-call]
        sender = Apprise(asset=service.asset)
        sender.add(service)
        try:
            result = sender.notify(
                body, title, NotifyType(tone.value), body_format="text", attach=attachment or None
            )
        except Exception as error:  # noqa: BLE001 - whatever a service does, the program goes on
            return type(error).__name__  # its text may hold the URL
        if result:
            return None
        logs = [log.message for each in result.results for a in each.attempts for log in a.logs]
        return self._without_secrets(" ".join(logs[-1:])) or f"{result.status.name.lower()}"

    def _without_secrets(self, text: str) -> str:
        """Every piece of the URL that the label does not show, replaced."""
        shown = {piece.lower() for piece in _PIECES.split(self.label)}
        for piece in sorted(_PIECES.split(self.url), key=len, reverse=True):
            if len(piece) >= _SHORTEST_SECRET and piece.lower() not in shown:
                text = re.sub(re.escape(piece), "…", text, flags=re.IGNORECASE)
        return text


def configured_channels(settings: Settings) -> tuple[AlertChannel, ...]:
    """The channels of SIGNWATCH_ALERTS; raises BadInput that names the setting."""
    try:
        return parse_channels(settings.alerts)
    except BadInput as error:
        raise settings.refusal("alerts", error) from error


def parse_channels(text: str) -> tuple[AlertChannel, ...]:
    """The channels of a text that lists Apprise URLs, separated by commas or blanks.

    Parameters
    ----------
    text
        As in SIGNWATCH_ALERTS; `https://host/path` is a JSON webhook.

    Raises
    ------
    BadInput
        For a URL that is none. It gives the URL's number only, because it may hold secrets.

    Examples
    --------
    >>> channels = parse_channels("https://example.org/hook/token slack://TokenA/TokenB/TokenC")
    >>> [channel.label for channel in channels]
    ['JSON at example.org', 'Slack']
    """
    urls = [url for url in _BETWEEN.split(text.strip().strip(",")) if url]
    labels: Counter[str] = Counter()
    channels = []
    for number, url in enumerate(urls, start=1):
        service = _service(url)
        if service is None:
            raise BadInput(
                f"URL {number} of {len(urls)} is none that alerts can be sent to, "
                f"expected for example {EXAMPLES}"
            )
        label = _label(service, url)
        labels[label] += 1
        channels.append(AlertChannel(label + (f" ({n})" if (n := labels[label]) > 1 else ""), url))
    return tuple(channels)


def _service(url: str) -> NotifyBase | None:
    """The service behind a URL; None if there is none, or none on the network."""
    from apprise import Apprise, AppriseAsset

    _keep_quiet()
    asset = AppriseAsset(
        app_id="Signwatch",
        app_desc="Signwatch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        service_timeout=SECONDS_AT_MOST,
        storage_mode="memory",
    )
    scheme, _, rest = url.partition("://")
    found = Apprise.instantiate(url, asset=asset)
    if found is None and scheme.lower() in ("http", "https"):  # a webhook of one's own
        found = Apprise.instantiate(
            f"json{'s' * (scheme.lower() == 'https')}://{rest}", asset=asset
        )
    if found is None or isinstance(found, dict):
        return None
    tokens = found.template_tokens
    remote = "host" in tokens or any(t.get("private") or t.get("required") for t in tokens.values())
    return found if remote else None


def _label(service: NotifyBase, url: str) -> str:
    """The service's name, with its host where its URLs always have one in that place."""
    templates: tuple[str, ...] = service.templates
    if not all("{host}" in template for template in templates):
        return str(service.service_name)
    port = f":{service.port}" if f"{service.host}:{service.port}" in url else ""
    return f"{service.service_name} at {service.host}{port}"


def _keep_quiet() -> None:
    """The libraries log whole URLs; what matters is logged here, without secrets."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    for name in ("apprise", "urllib3", "requests_oauthlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
