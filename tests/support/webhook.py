"""A webhook on this machine that keeps what it gets."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

SECRET = "s3cr3t-t0ken"  # the path of the webhook, as with Slack's and others'


class Webhook:
    """bodies: the JSON of each request that was taken; status: what it answers from now on."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.asked = 0
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.asked += 1
                webhook.paths.append(self.path)
                if webhook.status == 200:
                    webhook.bodies.append(json.loads(content))
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.label = f"JSON at 127.0.0.1:{self.port}"
        self.url = f"http://127.0.0.1:{self.port}/{SECRET}?+X-Key=another-{SECRET}"

    @property
    def titles(self) -> list[str]:
        return [body["title"] for body in self.bodies]

    def image(self, number: int = -1) -> Image.Image:
        """The image that a message carried."""
        (attachment,) = self.bodies[number]["attachments"]
        assert (attachment["filename"], attachment["mimetype"]) == ("classes.png", "image/png")
        return Image.open(io.BytesIO(base64.b64decode(attachment["base64"]))).convert("RGB")


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Answers until the end of the block."""
    hook = Webhook()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        hook.server.shutdown()
        thread.join()
        hook.server.server_close()
