"""LitServe with dynamic batching, as its documentation shows it. Run with the port as argument.

With OMP_NUM_THREADS=1 it has a worker for each core, otherwise one, as is its default.
"""

from __future__ import annotations

import io
import os
import sys
from base64 import b64decode
from collections.abc import Sequence

import litserve
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.model import classifier as classifiers
from core.model.threads import usable_cores
from core.settings import Settings


class SignAPI(litserve.LitAPI):
    """The same model behind LitServe's batching."""

    def setup(self, device: str) -> None:
        """Load the model in the worker."""
        self.model = classifiers.load(Settings().model)

    def decode_request(self, request: dict[str, str]) -> Tensor:
        """PNG in base64 -> pixels in [0, 1], resized so that a batch can be stacked."""
        image = Image.open(io.BytesIO(b64decode(request["image"]))).convert("RGB")
        pixels = np.asarray(image).transpose(2, 0, 1).copy()
        return self.model.resize(torch.from_numpy(pixels)[None].float() / 255)[0]

    def batch(self, inputs: Sequence[Tensor]) -> Tensor:
        """(batch, 3, side, side)."""
        return torch.stack(list(inputs))

    @torch.inference_mode()
    def predict(self, batch: Tensor) -> list[int]:
        """Classes of a batch."""
        classes: list[int] = self.model(batch).argmax(1).tolist()
        return classes

    def encode_response(self, output: int) -> list[list[int]]:
        """The answer's body."""
        return [[output]]


if __name__ == "__main__":
    api = SignAPI(max_batch_size=32, batch_timeout=0.005, api_path="/invocations")
    workers = usable_cores() if os.environ.get("OMP_NUM_THREADS") == "1" else 1
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=workers, healthcheck_path="/ping"
    )
    server.run(port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
