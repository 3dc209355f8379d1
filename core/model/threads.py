"""How many threads torch computes with."""

from __future__ import annotations

import os
import sys
import threading

import torch


def usable_cores() -> int:
    """Cores that this process may compute on; where the system does not tell (macOS), all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# A thread that waits for the others of its group spins. Where another process wants the cores,
# that makes a forward pass many times slower; so serving computes each batch on one
# thread, and as many batches at a time as there are cores.
SERVING_WORKERS = usable_cores()

NICENESS = 5


def compute_on_one_thread(niceness: int = NICENESS) -> None:
    """Called in a thread: torch computes on that one alone there, elsewhere as before.

    Threads that answer and write go first: they need little, and others wait for them. A niceness
    is never lowered, which only an administrator may do.
    """
    if sys.platform == "linux":  # where a thread has a niceness of its own
        thread = threading.get_native_id()
        niceness = max(niceness, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, niceness)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # of this thread, and the default of threads to come
    # The same call in another thread gives the default back and leaves this thread at one.
    other = threading.Thread(target=torch.set_num_threads, args=(before,))
    other.start()
    other.join()
