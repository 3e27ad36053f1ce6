"""Run every benchmark, print the table, keep it in benchmarks/out.json.

    python -m benchmarks            all of them
    python -m benchmarks flip       some of them, printed only

A module of this folder with a function `rows() -> list[Row]` is a benchmark.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from benchmarks.harness import Row

_FOLDER = Path(__file__).parent
_LINE = "{:<42}{:>12}  {:<18}{:>12}{:>9}"


def main(wanted: list[str]) -> None:
    """Measure what is wanted, or everything."""
    print(_LINE.format("", "ours, us", "peer", "peer, us", "ratio"))
    measured: list[Row] = []
    for name in sorted(module.name for module in iter_modules([str(_FOLDER)])):
        if name == "__main__" or (wanted and name not in wanted):
            continue
        subject = import_module(f"benchmarks.{name}")
        rows: list[Row] = subject.rows() if hasattr(subject, "rows") else []
        for row in rows:
            print(_LINE.format(row.name, f"{row.ours_us:.1f}", row.peer, f"{row.peer_us:.1f}",
                               f"{row.ratio:.1f}x"), flush=True)  # fmt: skip
        measured += rows
    if not wanted:
        kept = [
            {
                "name": row.name,
                "ours_us": round(row.ours_us, 2),
                "peer": row.peer,
                "peer_us": round(row.peer_us, 2),
                "ratio": round(row.ratio, 1),
            }
            for row in measured
        ]
        (_FOLDER / "out.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
