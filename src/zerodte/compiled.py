"""How a kernel is compiled: the one place where numba's options stand.

Every kernel runs serially, without the GIL, and is cached beside the sources (or in
`NUMBA_CACHE_DIR`), so that only the first run on a machine pays for the compiler.
"""

import getpass
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

F = TypeVar("F", bound=Callable[..., Any])

#: numba's settings; its types do not list them.
_SETTINGS: Any = config
#: What LLVM may change in vector code: it may fuse a product into a sum, and nothing else. Order
#: is kept, so a result does not depend on the width of the machine's vectors, nor NaN on luck.
_VECTOR_MATH = {"contract"}


def kernel(function: F) -> F:
    """Compile `function` on first use, with IEEE arithmetic, the same on every machine."""
    return cast("F", njit(nogil=True, cache=True, error_model="numpy")(function))


def vector_kernel(function: F) -> F:
    """Compile `function`, whose loops go element by element without branches, to vector code."""
    compile_ = njit(nogil=True, cache=True, error_model="numpy", fastmath=_VECTOR_MATH)
    return cast("F", compile_(function))


def inline(function: F) -> F:
    """Compile a helper of vector kernels, which must melt into their loops."""
    compile_ = njit(forceinline=True, cache=True, error_model="numpy", fastmath=_VECTOR_MATH)
    return cast("F", compile_(function))


def _sources(folder: Traversable) -> Iterator[bytes]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry.read_bytes()


def _cache_folder() -> str:
    """A folder of its own for every state of the kernels' sources.

    The compiler's cache looks at the file in which a kernel stands, not at the helpers and the
    constants from other files that went into it: it would go on serving what they once were.
    """
    package = files("zerodte")
    state = sha256(package.joinpath("config.py").read_bytes())
    for source in _sources(package):
        if b"zerodte.compiled" in source:
            state.update(source)
    return str(_writable(str(package)) / f"kernels-{state.hexdigest()[:16]}")


def _writable(package: str) -> Path:
    """Where kernels may be kept: where one is told to, beside the sources, or else by user."""
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zerodte"
    shared = Path(tempfile.gettempdir()) / f"zerodte-{getpass.getuser()}"
    told = [Path(_SETTINGS.CACHE_DIR)] if _SETTINGS.CACHE_DIR else []
    for folder in (*told, Path(package) / "__pycache__", own):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    return shared


_SETTINGS.CACHE_DIR = _cache_folder()
