"""The compilation of kernels: all options of numba are set here.

Every kernel runs serially, without the GIL, and is cached beside the sources or in
`NUMBA_CACHE_DIR`, so that only the first run on a machine compiles it.
"""

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])

#: numba's settings, which its type hints lack.
_SETTINGS: Any = config
#: The only change that LLVM may make in vector code: fuse a product into a sum. The order of sums
#: is fixed, so that results and NaN do not depend on the width of the machine's vectors.
_VECTOR_MATH = {"contract"}
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def kernel(function: F) -> F:
    """Compile `function` on first use, with IEEE arithmetic that is the same on every machine."""
    return cast("F", njit(nogil=True, cache=True, error_model="numpy")(function))


def vector_kernel(function: F) -> F:
    """Compile `function` to vector code. Its loops must be elementwise and without branches."""
    compile_ = njit(nogil=True, cache=True, error_model="numpy", fastmath=_VECTOR_MATH)
    return cast("F", compile_(function))


def inline(function: F) -> F:
    """Compile a helper of vector kernels that must be inlined into their loops."""
    compile_ = njit(forceinline=True, cache=True, error_model="numpy", fastmath=_VECTOR_MATH)
    return cast("F", compile_(function))


def _sources(folder: Traversable) -> Iterator[bytes]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry.read_bytes()


def _cache_folder() -> str:
    """A separate folder for each state of the kernels' sources.

    numba invalidates its cache when the file of a kernel changes, but not when helpers or constants
    from other files change: it would serve stale kernels.
    """
    package = files("zerodte")
    state = sha256(package.joinpath("constants.py").read_bytes())
    for source in _sources(package):
        if b"zerodte.compiled" in source:
            state.update(source)
    return str(_writable_folder(str(package)) / f"kernels-{state.hexdigest()[:16]}")


def _writable_folder(package: str) -> Path:
    """The first candidate that is writable, or else a private folder."""
    if _SETTINGS.CACHE_DIR:
        _check_private(Path(_SETTINGS.CACHE_DIR))
    for folder in _candidates(package):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    return _private_folder()


def _candidates(package: str) -> Iterator[Path]:
    """Candidate cache folders in order: configured, beside the sources, the user's cache."""
    if _SETTINGS.CACHE_DIR:
        yield Path(_SETTINGS.CACHE_DIR)
    yield Path(package) / "__pycache__"
    if configured := os.environ.get("XDG_CACHE_HOME"):
        yield Path(configured) / "zerodte"
    with suppress(RuntimeError):  # The user may have no home.
        yield Path.home() / ".cache" / "zerodte"


def _check_private(folder: Path) -> None:
    """Refuse a configured folder in which others may write: what lies there is executed.

    Raises:
        PermissionError: The folder, or something in it, is not this user's alone.
    """
    for path in (folder, *sorted(folder.rglob("*"))):
        with suppress(FileNotFoundError):
            status = path.stat()  # a link has no rights of its own
            if status.st_uid not in (os.getuid(), 0):
                reason = "belongs to another user"
            elif status.st_mode & stat.S_IWOTH or not _is_group_private(status):
                reason = "others may write to it"
            else:
                continue
            raise PermissionError(
                errno.EPERM,
                f"{reason}, and compiled code from NUMBA_CACHE_DIR is executed; choose a folder "
                "that only you can write, such as one made with mode 0700",
                str(path),
            )


def _is_group_private(status: os.stat_result) -> bool:
    """Whether a file's group cannot write to it, or is its owner alone."""
    if not status.st_mode & stat.S_IWGRP:
        return True
    import grp  # noqa: PLC0415  not on every system
    import pwd  # noqa: PLC0415

    try:
        group, owner = grp.getgrgid(status.st_gid), pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        return False
    return group.gr_name == owner and set(group.gr_mem) <= {owner}


def _private_folder() -> Path:
    """A temporary folder that no other user can write, because its content is executed."""
    user = os.getuid()
    folder = Path(tempfile.gettempdir()) / f"zerodte-{user}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        is_folder = stat.S_ISDIR(status.st_mode)
        if is_folder and status.st_uid == user and not status.st_mode & _OTHERS_WRITE:
            return folder
    return Path(tempfile.mkdtemp(prefix="zerodte-"))


class _Notice(event.Listener):
    """Tells whoever waits at a terminal, once, that kernels are compiled."""

    def __init__(self) -> None:
        self._is_due = True

    def on_start(self, event: event.Event) -> None:
        """A function is not in the cache."""
        module = event.data["dispatcher"].py_func.__module__
        if self._is_due and module.startswith("zerodte.") and sys.stderr.isatty():
            sys.stderr.write("Compiling, once on this machine; it may take two minutes.\n")
            self._is_due = False

    def on_end(self, event: event.Event) -> None:
        """It is now."""


_EVENTS: Any = event
_EVENTS.register("numba:compile", _Notice())
_SETTINGS.CACHE_DIR = _cache_folder()
