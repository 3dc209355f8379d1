"""The compiled classifiers of all tests, in one place: to compile takes longer than to start."""

from pathlib import Path

from core.settings import ROOT

COMPILED = ROOT / ".pytest_cache" / "compiled"


def share_compiled(local: Path) -> None:
    """Let the program whose run-time folder this is find what was compiled before."""
    COMPILED.mkdir(parents=True, exist_ok=True)
    local.mkdir(parents=True, exist_ok=True)
    if not (local / "compiled").exists():
        (local / "compiled").symlink_to(COMPILED)
