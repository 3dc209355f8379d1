"""How often the SageMaker-compatible rules say what the blog's evaluation says, file by file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks.rows import Row, Rows
from tests.support.blog import CASES, blog, ours, write_case


def rows() -> Rows:
    """The share of logs with the same share, violations and message.

    Logs are clean, attacked, empty and partly unreadable. Of the empty one no message is compared:
    theirs says that all is well, ours that nothing was evaluated.
    """
    agree = empty = 0
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "in"
            write_case(root, case)
            found, theirs = ours(root, Path(folder)), blog(root)
            same = found == theirs
            if not case.broken:  # what could not be read is not written out again
                same = same and blog(Path(folder) / "out") == theirs
            if theirs.message is None:
                empty += same
            else:
                agree += same
    evaluated = len(CASES) - 1
    yield Row("blog's evaluation: same share, violations and message", agree / evaluated, 1, True)
    yield Row("blog's evaluation: an empty log has no violation there or here", empty, 1, True)
