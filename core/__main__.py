"""The command line: python -m core ...

Exit codes: 0, 1 (the question's answer is "violation"), 2 (bad use or bad input), 130 (Ctrl-C).
"""

from __future__ import annotations

import sys

import click

from core.cli import cli, own
from core.cli.options import BAD_INPUT, INTERRUPTED
from core.errors import SignwatchError


def main() -> None:
    """Run a command; expected errors become one line on stderr and exit code 2."""
    try:
        sys.exit(cli.main(prog_name="python -m core", standalone_mode=False))
    except click.Abort:  # click's own exit code is 1, which means "violation" here
        click.echo("Aborted!", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (SignwatchError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(BAD_INPUT)
    finally:
        own.close()


if __name__ == "__main__":
    main()
