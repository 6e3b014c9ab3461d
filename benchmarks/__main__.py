"""`make bench`, or `python -m benchmarks [--quick] [NAME...]`: one table of figures, goals and ratios."""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import dashboard, end_to_end, forms, registries, steps
from benchmarks.table import Row

_BENCHMARKS: dict[str, Callable[..., Iterator[Row]]] = {
    "scan": steps.scan,
    "forms": forms.forms,
    "select": steps.select,
    "rescan": steps.rescan,
    "commit": steps.commit,
    "end-to-end": end_to_end.end_to_end,
    "failing-host": end_to_end.failing_host,
    "memory": end_to_end.memory,
    "poll-round": registries.poll_round,
    "many-tags": registries.many_tags,
    "latest": registries.latest,
    "push-events": registries.push_events,
    "dashboard": dashboard.dashboard,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="smaller worlds")
    args: Any = parser.parse_args()
    unknown = set(args.names) - _BENCHMARKS.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    print(f"{'measure':62} {'goal':28} figure; compared")
    for name in args.names or _BENCHMARKS:
        for row in _BENCHMARKS[name](quick=args.quick):
            compared = f"; {row.compared}" if row.compared else ""
            print(f"{row.what:62} {row.goal:28} {row.figure}{compared}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
