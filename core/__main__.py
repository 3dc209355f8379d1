"""The command line: python -m core ...

Exit codes: 0, 1 (the question's answer is "violation"), 2 (bad use or bad input).
"""

from __future__ import annotations

import sys

import click

from core import services
from core.commands import cli
from core.commands.options import BAD_INPUT
from core.errors import SignwatchError


def main() -> None:
    """Run a command; our own errors, and files out of reach, become one line on stderr and 2."""
    try:
        cli(prog_name="python -m core")
    except (SignwatchError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(BAD_INPUT)
    finally:
        services.close_current()


if __name__ == "__main__":
    main()
