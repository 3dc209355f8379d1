"""What a test needs and may not find: skipped with the reason, or failed where all is required."""

import os

import pytest


def require(condition: object, reason: str) -> None:
    """Go on if `condition` holds; skip otherwise, and fail under SIGNWATCH_REQUIRE_ALL=1."""
    if condition:
        return
    if os.environ.get("SIGNWATCH_REQUIRE_ALL") == "1":
        pytest.fail(f"SIGNWATCH_REQUIRE_ALL=1, and {reason}")
    pytest.skip(reason)
