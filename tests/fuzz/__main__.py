"""`make fuzz`: asks every route a hundred thousand times; exit code 1 if any answer is a 5xx."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.run import fuzzed


def main() -> int:
    """Run and print what was answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="the same seed asks the same requests")
    chosen = parser.parse_args()
    outcome = fuzzed(chosen.cases, chosen.seed, bar=sys.stderr.isatty())
    for status, count in sorted(outcome.statuses.items()):
        print(f"{status}  {count:9,d}")
    for name in ("memory", "threads", "descriptors"):
        early, late = getattr(outcome, name)
        print(f"{name}: {early:,} after a tenth, {late:,} at the end")
    print(f"answers of 5xx: {len(outcome.failed)} of {chosen.cases:,}")
    for line in outcome.failed[:20]:
        print(line)
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
