"""Set-up compiles what a market needs, so that nobody waits for the compiler while it plays."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLAY = """
import gc, json, sys
from numba.core.dispatcher import Dispatcher
from zerodte.cli import main

simulate = ["simulate", "--date", "2025-06-02", "--symbols", "SPX,IWM", "--minutes", "4"]
main([*simulate, "--seed", "9", "--out", sys.argv[1]], standalone_mode=False)
main(["replay", sys.argv[1]], standalone_mode=False)
kernels = [
    kernel
    for kernel in gc.get_objects()
    if isinstance(kernel, Dispatcher) and kernel.py_func.__module__.startswith("zerodte.")
]
used, compiled = (
    sorted(kernel.py_func.__qualname__ for kernel in kernels if sum(counts(kernel).values()))
    for counts in (lambda k: k.stats.cache_hits, lambda k: k.stats.cache_misses)
)
print("\\n" + json.dumps([used, compiled]))
"""


@pytest.mark.drill
def test_after_set_up_a_market_compiles_nothing(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(0o700)
    env = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    subprocess.run([sys.executable, "-m", "zerodte.runtime.warmup"], check=True, env=env)
    command = [sys.executable, "-c", PLAY, str(tmp_path / "tape")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    used, compiled = json.loads(done.stdout.splitlines()[-1])
    assert {"sign_packages", "_apply_values"} <= set(used)
    assert compiled == []
