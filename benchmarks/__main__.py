"""Run benchmarks, print their table, and write it to benchmarks/out.json.

    python -m benchmarks            run all
    python -m benchmarks flip       run some, without writing

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


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    print(_LINE.format("", "ours, us", "peer", "peer, us", "ratio"))
    measured: list[Row] = []
    for name in sorted(module.name for module in iter_modules([str(_FOLDER)])):
        if name == "__main__" or (names and name not in names):
            continue
        subject = import_module(f"benchmarks.{name}")
        rows: list[Row] = subject.rows() if hasattr(subject, "rows") else []
        for row in rows:
            print(_LINE.format(row.name, f"{row.ours_us:.1f}", row.peer, f"{row.peer_us:.1f}",
                               f"{row.ratio:.1f}x"), flush=True)  # fmt: skip
        measured += rows
    if not names:
        results = [
            {
                "name": row.name,
                "ours_us": round(row.ours_us, 2),
                "peer": row.peer,
                "peer_us": round(row.peer_us, 2),
                "ratio": round(row.ratio, 1),
            }
            for row in measured
        ]
        (_FOLDER / "out.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
