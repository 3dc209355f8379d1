"""One request after the other, drawn from the description of all routes."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

from tests.fuzz.damage import Images, damaged
from tests.support.baseline_files import constraints, statistics
from tests.support.capture_lines import FILE, base64_side, ground_truth, predicted, record
from tests.support.fuzzing import ODD, nested
from tests.support.sagemaker import JOB

NAMES = ["signwatch", "cars", "mine", "Cam-7", "a"]
TIMES = ["2022-02-14T17:00:00Z", "2022-02-14T18:00:00+01:00", "2999-01-01T00:00:00Z"]
SCHEDULE = {
    "ScheduleConfig": {
        "ScheduleExpression": "cron(0 * ? * * *)",
        "DataAnalysisStartTime": "-PT2H",
        "DataAnalysisEndTime": "-PT1H",
    },
    "MonitoringJobDefinition": JOB | {"Environment": {"THRESHOLD": "0.9"}},
}
# What a description cannot say of a field.
EXAMPLES: dict[str, list[Any]] = {
    "CaptureOptions": [[{"CaptureMode": "Input"}], [{"CaptureMode": "Output"}], []],
    "MonitoringScheduleConfig": [SCHEDULE, {"ScheduleConfig": {"ScheduleExpression": "NOW"}}],
    "statistics": [json.dumps(statistics())],
    "constraints": [json.dumps(constraints())],
    "attack": ["pgd", "fgsm", "none"],
    "threshold": [0.5, 1, 0],
    "share": [0.5, 2],
    "target": [14, 43, -1],
    "SortBy": ["CreationTime", "Name", "Status"],
    "SortOrder": ["Ascending", "Descending"],
    "StatusEquals": ["Completed", "Scheduled"],
    "NextToken": ["0", "1"],
}
HEADERS: dict[str, list[bytes]] = {
    "accept": [
        b"*/*",
        b"text/csv;q=0.5, application/json",
        b"application/x-npy",
        b"application/json;verbose=true",
        b"*/*;q=0",
        b'a"b,;q=;=,"',
        b"image/png",
    ],
    "accept-encoding": [b"gzip", b"*;q=0"],
    "range": [b"bytes=0-9", b"bytes=5-", b"bytes=-1", b"bytes=9-1,0-0", b"items=0-1", b"bytes="],
    "if-range": [b'"a"', b"Mon, 14 Feb 2022 17:00:00 GMT"],
    "host": [b"localhost:8501", b"[::1", b"[::1]:x", b"a:b:c", b"", b"evil.example"],
    "origin": [b"http://[", b"null", b"http://localhost:8501", b"\xff"],
    "authorization": [b"Bearer x", b"AWS4-HMAC-SHA256 Credential=a/20220214/b/c/aws4_request"],
    "content-length": [b"-1", b"9" * 30, b"0", b"1e3", b"99999999"],
    "x-amzn-sagemaker-inference-id": [b"drive-7", b"x" * 65, b"\xe4"],
    "x-amzn-sagemaker-custom-attributes": [b"source=van;label=3", b"label=" + b"9" * 900, b"\t"],
    "expect": [b"100-continue", b"x"],
    "x-forwarded-for": [b"10.0.0.1", b"]["],
    "cookie": [b"a=b", b"=;" * 50],
    "traceparent": [b"00-0-0-0"],
}
OTHER_TYPES = ["", ";", "image/jpg", "image/gif", "application/octet-stream", "text/plain", "\xff"]
ODD_VALUES: dict[str, list[Any]] = {
    "number": [0, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 1e308, float("nan"), float("inf")],
    "word": [True, False, None],
    "container": [[], {}, [[]], [None], {"": None}],
}
METHODS = ["HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "WEIRD"]
LOOPBACK = ("127.0.0.1", 50_000)


@dataclass
class Asked:
    """One request. parts: of its body; hangs_up: it never sends the last one."""

    method: str
    path: str
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    hangs_up: bool = False

    def scope(self) -> dict[str, Any]:
        """As a server hands it to the program."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "http",
            "server": ("127.0.0.1", 8501),
            "client": LOOPBACK,
            "root_path": "",
            "method": self.method,
            "path": self.path,
            "raw_path": quote(self.path, errors="replace").encode(),
            "query_string": self.query,
            "headers": self.headers,
        }


class Cases:
    """Requests by number: the same seed and number give the same one.

    description: that of `GET /api/openapi.json`.
    """

    def __init__(self, description: dict[str, Any], seed: int) -> None:
        self._seed = seed
        self._operations = [
            (path, method, operation)
            for path, methods in sorted(description["paths"].items())
            for method, operation in sorted(methods.items())
            for _ in range(_times(path, operation))
        ]
        self._images = Images()
        self.known: list[str] = []  # ids that answers have named

    def case(self, number: int) -> Asked:
        """The request of that number."""
        random = Random(f"{self._seed}/{number}")
        path, method, operation = random.choice(self._operations)
        draw = _Draw(random, self._images, self.known)
        asked = Asked(method.upper(), path)
        for parameter in operation["parameters"]:
            draw.parameter(asked, parameter)
        asked.headers += [(b"host", b"localhost:8501")]
        draw.body(asked, operation.get("requestBody", {}).get("content", {}))
        for name in random.sample(sorted(HEADERS), random.choice((0, 0, 1, 2))):
            asked.headers.append((name.encode(), random.choice(HEADERS[name])))
        if random.random() < 0.05:
            asked.method = random.choice(METHODS)
        asked.hangs_up = random.random() < 0.02
        return asked


def _times(path: str, operation: dict[str, Any]) -> int:
    """How often an operation is drawn: one that takes nothing has little to go wrong."""
    if path == "/api/monitor/run":
        return 4  # it takes long
    return 10 if operation["parameters"] or "requestBody" in operation else 1


@dataclass
class _Draw:
    random: Random
    images: Images
    known: list[str]

    def likely(self, share: float) -> bool:
        return self.random.random() < share

    def parameter(self, asked: Asked, parameter: dict[str, Any]) -> None:
        name, place = parameter["name"], parameter["in"]
        if place == "path":
            value = self.random.choice([*NAMES, *self.known[-20:]])
            shown = value if self.likely(0.8) else str(self.odd_text())[:300]
            asked.path = asked.path.replace("{" + name + "}", _decoded(shown))
        elif self.likely(0.7):
            value = self.value(name, parameter["schema"])
            shown = (value if isinstance(value, str) else _dumped(value).decode())[:3000]
            if place == "query":
                pair = f"{quote(name)}={quote(shown, errors='replace')}".encode()
                asked.query += b"&" * bool(asked.query) + pair
            else:
                asked.headers.append((name.encode(), shown.encode("utf-8", "replace")))

    def body(self, asked: Asked, content: dict[str, Any]) -> None:
        if not content and self.likely(0.9):
            return
        media_type = self.random.choice(sorted(content) or ["application/json"])
        body = self.content(asked.path, media_type, content.get(media_type, {}).get("schema", {}))
        boundary = b"--x\r\ncontent-disposition: form-data; name=file; filename=a\r\n\r\n"
        if media_type == "multipart/form-data":
            body = boundary + body + b"\r\n" + boundary * self.likely(0.1) + b"--x--\r\n"
            media_type += self.random.choice(("; boundary=x", "; boundary=x", "", "; boundary="))
        if self.likely(0.2):
            body = damaged(self.random, body)
        if self.likely(0.15):
            coding = self.random.choice(("gzip", "deflate", "gzip, gzip", "br", "identity", "x"))
            packed = zlib.compress(body) if coding == "deflate" else gzip.compress(body, 1)
            body = packed if self.likely(0.7) else damaged(self.random, packed)
            asked.headers.append((b"content-encoding", coding.encode()))
        if self.likely(0.2):
            media_type = self.random.choice(OTHER_TYPES)
        if media_type or self.likely(0.5):
            asked.headers.append((b"content-type", media_type.encode("latin-1")))
        cut = self.random.randint(0, len(body))
        asked.parts = [body] if self.likely(0.8) else [body[:cut], body[cut:]]

    def content(self, path: str, media_type: str, schema: dict[str, Any]) -> bytes:
        """A body of a media type, mostly what it should be."""
        if path.startswith("/api/captures/import"):
            return b"".join(self.frame() for _ in range(self.random.randint(0, 3)))
        if media_type == "application/jsonlines":
            lines = [json.dumps(ground_truth(self.random.randint(0, 9))) for _ in range(2)]
            return "\n".join(lines).encode()
        if media_type == "application/x-npy":
            return self.random.choice(self.images.arrays)
        if "json" in media_type:
            return _dumped(
                self.damage(self.value("", schema)) if self.likely(0.5) else self.value("", schema)
            )
        return self.images.one(self.random)

    def frame(self) -> bytes:
        image = self.images.one(self.random)
        line = self.random.choice(
            (
                predicted(self.random.randint(0, 99), 14),
                record(self.random.randint(0, 99), given=base64_side(image)),
                ground_truth(1),
            )
        )
        content = _dumped(self.damage(line) if self.likely(0.5) else line) + b"\n"
        header = {"path": FILE, "offset": 0, "line": 1, "sha256": "", "skipped": 0}
        header = self.damage(header) if self.likely(0.2) else header
        sized = header | {"bytes": len(content)} if isinstance(header, dict) else header
        return _dumped(sized) + b"\n" + content

    def value(self, name: str, schema: dict[str, Any]) -> Any:
        """What a field takes, or now and then something else."""
        if self.likely(0.12):
            return self.odd()
        if name in EXAMPLES:
            return self.random.choice(EXAMPLES[name])
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        kind = schema.get("type", "object")
        kind = self.random.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            properties = schema.get("properties", {})
            count = self.random.randint(0, min(6, len(properties)))
            picked = self.random.sample(sorted(properties), count) + schema.get("required", [])
            return {each: self.value(each, properties[each]) for each in picked}
        if kind == "array":
            items = schema.get("items", {})
            return [self.value("", items) for _ in range(self.random.choice((0, 1, 1, 2)))]
        if schema.get("format") == "byte":
            return base64.b64encode(self.images.one(self.random)).decode()
        if schema.get("format") == "date-time":
            return self.random.choice(TIMES)
        return {
            "string": self.random.choice([*NAMES, *self.known[-20:]]),
            "integer": self.random.choice((0, 1, 3, 100)),
            "number": self.random.choice((0, 0.5, 1, 30, 1e9)),
            "boolean": self.likely(0.5),
            "null": None,
        }[kind]

    def damage(self, document: Any) -> Any:
        """A document with one value replaced, removed or added."""
        if not isinstance(document, dict | list) or not document or self.likely(0.3):
            return self.odd()
        try:
            changed = json.loads(_dumped(document))
        except RecursionError:
            return document
        place = changed
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = self.random.choice(keys)
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or self.likely(0.3):
                break
            place = inner
        kind = self.random.choice(("replace", "replace", "remove", "add"))
        if kind == "remove":
            del place[key]
        elif kind == "add" and isinstance(place, dict):
            place[str(self.odd_text())] = self.odd()
        else:
            place[key] = self.odd()
        return changed

    def odd_text(self) -> str:
        return self.random.choice(ODD)

    def odd(self) -> Any:
        kind = self.random.choice(("text", "number", "word", "container", "depth"))
        if kind == "text":
            return self.odd_text()
        if kind == "depth":
            return nested(self.random.choice((3, 62, 100, 900, 3000)))
        found = self.random.choice(ODD_VALUES[kind])
        return json.loads(json.dumps(found))  # what is drawn may be damaged further


def _decoded(text: str) -> str:
    """As a server decodes it: what is no UTF-8 is replaced."""
    return text.encode("utf-8", "replace").decode()


def _dumped(document: Any) -> bytes:
    try:
        return json.dumps(document).encode()
    except RecursionError:
        return b"[" * 3000 + b"]" * 3000


def ids(body: bytes) -> Iterator[str]:
    """Ids that an answer names."""
    try:
        document = json.loads(body)
    except ValueError:
        return
    if isinstance(document, dict):
        for name, value in document.items():
            if name.endswith("_id") and isinstance(value, str):
                yield value
