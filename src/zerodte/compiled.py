"""How a kernel is compiled: the one place where numba's options stand.

Every kernel runs serially, without the GIL, and is cached beside the sources (or in
`NUMBA_CACHE_DIR`), so that only the first run on a machine pays for the compiler.
"""

import os
import stat
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
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


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
    state = sha256(package.joinpath("constants.py").read_bytes())
    for source in _sources(package):
        if b"zerodte.compiled" in source:
            state.update(source)
    return str(_writable(str(package)) / f"kernels-{state.hexdigest()[:16]}")


def _writable(package: str) -> Path:
    """Where kernels may be kept: the first candidate that can be written, or else a private one."""
    for folder in _candidates(package):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    return _private()


def _candidates(package: str) -> Iterator[Path]:
    """Where one is told to, beside the sources, or else by user; each looked up in its turn."""
    if _SETTINGS.CACHE_DIR:
        yield Path(_SETTINGS.CACHE_DIR)
    yield Path(package) / "__pycache__"
    if told := os.environ.get("XDG_CACHE_HOME"):
        yield Path(told) / "zerodte"
    with suppress(RuntimeError):  # A user may have no home.
        yield Path.home() / ".cache" / "zerodte"


def _private() -> Path:
    """A folder of the temporary directory that nobody else can write: what it holds is executed."""
    user = os.getuid()
    folder = Path(tempfile.gettempdir()) / f"zerodte-{user}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        is_folder = stat.S_ISDIR(found.st_mode)
        if is_folder and found.st_uid == user and not found.st_mode & _OTHERS_WRITE:
            return folder
    return Path(tempfile.mkdtemp(prefix="zerodte-"))


_SETTINGS.CACHE_DIR = _cache_folder()
