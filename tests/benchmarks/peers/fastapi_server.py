"""A plain FastAPI server: decode, one forward pass, answer. Run with the port as argument."""

from __future__ import annotations

import io
import sys

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool

from core.model import classifier as classifiers
from core.settings import Settings

app = FastAPI()
model = classifiers.load(Settings().model)


@torch.inference_mode()
def predict(body: bytes) -> int:
    """The class of one image."""
    pixels = np.asarray(Image.open(io.BytesIO(body)).convert("RGB")).transpose(2, 0, 1).copy()
    return int(model(torch.from_numpy(pixels)[None].float() / 255).argmax())


@app.get("/ping")
def ping() -> dict[str, str]:
    """It answers."""
    return {"status": "ok"}


@app.post("/invocations")
async def invocations(request: Request) -> list[list[int]]:
    """Predict one image."""
    return [[await run_in_threadpool(predict, await request.body())]]


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False)
