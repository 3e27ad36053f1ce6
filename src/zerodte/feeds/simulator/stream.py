"""A simulation in a process of its own, read block by block.

The child is given, pickled, what makes the simulation, and answers with what is listed and then its
blocks. A pipe holds less than a block, so it is never more than one ahead of its reader, and it
ends when its reader does: the pipe is broken then.
"""

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias, cast

from zerodte.errors import ZerodteError
from zerodte.feeds.simulator.columns import Block, BlockSource

Make: TypeAlias = Callable[[], BlockSource]

_Symbols: TypeAlias = Mapping[str, Mapping[int, str]]

#: This interpreter, which is not to look for modules where it happens to be started.
_COMMAND = (sys.executable, "-P", "-c", f"from {__name__} import run_child; run_child()")


class StreamError(ZerodteError, RuntimeError):
    """The process that simulates has failed; says how."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """What the child says instead of the next block."""

    text: str


class BlockStream:
    """A simulation that runs in a child process, ahead of whoever reads it by one block.

    It begins to run at once. The child is not of the terminal's process group, so that Ctrl-C ends
    it by way of its reader and not by itself.

    Args:
        make: Makes the simulation, in the child; it is pickled, so it is a function or a class of
            a module, or a partial of one.
    """

    def __init__(self, make: Make) -> None:
        self._child = subprocess.Popen(  # noqa: S603  the command is this interpreter's
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._said = cast("BinaryIO", self._child.stdout)
        self._symbols: _Symbols | None = None
        # A child that is gone already is found out about when it is read.
        with suppress(BrokenPipeError), cast("BinaryIO", self._child.stdin) as asked:
            asked.write(pickle.dumps(make))

    def symbols(self) -> _Symbols:
        """What is listed; the first use waits for the child to know.

        Raises:
            StreamError: If the simulation fails.
        """
        if self._symbols is None:
            self._symbols = cast("_Symbols", self._next())
        return self._symbols

    def blocks(self) -> Iterator[Block]:
        """The blocks, in order, each waited for; can be read once.

        Raises:
            StreamError: If the simulation fails.
        """
        self.symbols()
        while (block := self._next()) is not None:
            yield cast("Block", block)

    def close(self) -> None:
        """End the child, from any thread; whoever is reading it is told that it failed."""
        self._child.kill()
        self._child.wait()
        self._said.close()

    def _next(self) -> object:
        try:
            said: object = pickle.load(self._said)  # noqa: S301  from our own child
        # The last is what a file says that is closed meanwhile.
        except (EOFError, pickle.UnpicklingError, ValueError) as error:
            status = self._child.wait()
            self._said.close()
            raise StreamError(f"the simulating process ended early, status {status}") from error
        if isinstance(said, _Failure):
            raise StreamError(f"the simulation failed: {said.text}")
        return said


def run_child() -> None:
    """The child: read what to make, write what comes of it."""
    # Whatever else prints goes to the terminal, and not between the blocks.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    make: Make = pickle.load(sys.stdin.buffer)  # noqa: S301  from our own parent
    try:
        for said in _told(make):
            pickle.dump(said, out, protocol=pickle.HIGHEST_PROTOCOL)
            out.flush()
    except BrokenPipeError:
        # The reader is gone. What is still buffered cannot be flushed on the way out.
        os._exit(0)


def _told(make: Make) -> Iterator[object]:
    try:
        simulated = make()
        yield simulated.symbols
        yield from simulated.blocks()
        yield None
    except Exception as error:  # Told to the user by the parent, whatever it is.
        traceback.print_exc()
        yield _Failure(f"{type(error).__name__}: {error}")
