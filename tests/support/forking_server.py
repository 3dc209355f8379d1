"""Servers that can be killed: each line on stdin is a port, answered with the id of a process.

Libraries and model are loaded once, here; each server is a fork of this process, so that it starts
in a fraction of a second and a test can start fifty of them.
"""

import os
import signal
import sys

import torch
import uvicorn

from core import services
from core.model.predictor import Predictor
from core.settings import Settings
from tests.support.compiled import COMPILED
from tests.support.door import app


def serve(port: int) -> None:
    """The HTTP interface over the environment's log, until killed."""
    services.current()
    uvicorn.run(app(), port=port, log_level="error", lifespan="off", ws="none")


def main() -> None:
    """One server at a time, as long as there is input."""
    torch.set_num_threads(1)
    settings = Settings.from_environment()
    predictor = Predictor.load(settings.model, alpha=settings.alpha)
    predictor.compile(COMPILED)
    Predictor.load = staticmethod(lambda *_, **__: predictor)  # type: ignore[method-assign]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.alarm(600)  # it does not outlive a test that went wrong
            serve(int(line))
            os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
