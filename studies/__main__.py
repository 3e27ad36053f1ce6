"""Run studies: print their tables, and write them to studies/NAME.json.

    python -m studies               list all studies
    python -m studies pin straddle  run some of them

A module of this folder with a function `tables() -> list[Table]` is a study.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

_FOLDER = Path(__file__).parent


def main(names: list[str]) -> None:
    """Run the named studies, or list all if none is named."""
    modules = {
        module.name: import_module(f"studies.{module.name}")
        for module in iter_modules([str(_FOLDER)])
        if not module.name.startswith("__")
    }
    studies = {name: module for name, module in modules.items() if hasattr(module, "tables")}
    if unknown := [name for name in names if name not in studies]:
        sys.exit(f"unknown study {unknown[0]!r}; known: {', '.join(studies)}")
    if not names:
        for name, module in studies.items():
            print(f"{name:<12}{(module.__doc__ or '').splitlines()[0]}")
    for name in names:
        started = time.monotonic()
        tables = studies[name].tables()
        for table in tables:
            print(table.markdown(), flush=True)
        plain = [table.plain() for table in tables]
        (_FOLDER / f"{name}.json").write_text(json.dumps(plain, indent=1) + "\n")
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
