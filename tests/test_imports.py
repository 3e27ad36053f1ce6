"""Which rooms come with which: a worker needs no HTTP, and a server no market."""

import os
import subprocess
import sys

_IMPORT_ALL = """
import importlib, pkgutil, sys
for package in map(importlib.import_module, sys.argv[1:]):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
print(*sys.modules)
"""


def imports_of(*packages: str) -> set[str]:
    """Every module that a fresh interpreter has once it has all modules of some packages."""
    answer = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, *packages],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(answer.stdout.split())


def test_a_worker_needs_no_http() -> None:
    modules = imports_of("zerodte.service", "zerodte.runtime")
    assert {"zerodte.service.local_service", "zerodte.runtime.live_runner"} <= modules
    assert modules.isdisjoint({"zerodte.server", "uvicorn", "uvloop", "httptools"})


def test_a_server_needs_no_market() -> None:
    modules = imports_of("zerodte.server")
    assert {"zerodte.server.app", "zerodte.service.market_service", "uvicorn"} <= modules
    rooms = ("session", "engine", "tape", "feeds", "history", "runtime")
    assert modules.isdisjoint(f"zerodte.{room}" for room in rooms)
