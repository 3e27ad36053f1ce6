"""A simulation in a child process, read block by block.

The child receives a pickled factory of the simulation. It sends the symbols, the blocks, and what
the session leaves to the next.
A pipe holds less than one block, so the child is at most one block ahead of its reader. It ends
when its reader ends, because the pipe breaks.
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
from zerodte.feeds.simulator.block_source import BlockSource
from zerodte.feeds.simulator.columns import Block
from zerodte.feeds.simulator.evening import Evening

SourceFactory: TypeAlias = Callable[[], BlockSource]

_Symbols: TypeAlias = Mapping[str, Mapping[int, str]]

#: This interpreter, without the current directory on its module path.
_COMMAND = (sys.executable, "-P", "-c", f"from {__name__} import run_child; run_child()")


class StreamError(ZerodteError, RuntimeError):
    """The simulating process failed; the message says how."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """The child's message in place of the next block."""

    text: str


class BlockStream:
    """A simulation that runs in a child process, one block ahead of its reader.

    It starts at once. The child is outside the terminal's process group, so that Ctrl-C reaches
    only the reader, which then ends the child.

    Args:
        factory: Called in the child to create the simulation. It is pickled: a function or class
            at module level, or a partial of one.

    Attributes:
        evening: What the session leaves to the next; None until all blocks are read.
    """

    def __init__(self, factory: SourceFactory) -> None:
        self._child = subprocess.Popen(  # noqa: S603  the command is this interpreter's
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._output = cast("BinaryIO", self._child.stdout)
        self._symbols: _Symbols | None = None
        self.evening: Evening | None = None
        # If the child has already ended, the first read reports it.
        with suppress(BrokenPipeError), cast("BinaryIO", self._child.stdin) as input_:
            input_.write(pickle.dumps(factory))

    def symbols(self) -> _Symbols:
        """Raw symbol by instrument id, per dataset. The first call waits for the child.

        Raises:
            StreamError: If the simulation fails.
        """
        if self._symbols is None:
            self._symbols = cast("_Symbols", self._next())
        return self._symbols

    def blocks(self) -> Iterator[Block]:
        """The blocks in order, waiting for each. Can be iterated once.

        Raises:
            StreamError: If the simulation fails.
        """
        self.symbols()
        while isinstance(block := self._next(), Block):
            yield block
        self.evening = cast("Evening", block)

    def close(self) -> None:
        """End the child, from any thread. A concurrent read raises `StreamError`."""
        self._child.kill()
        self._child.wait()
        self._output.close()

    def _next(self) -> object:
        try:
            message: object = pickle.load(self._output)  # noqa: S301  from our own child
        # A ValueError means that the pipe was closed during the read.
        except (EOFError, pickle.UnpicklingError, ValueError) as error:
            status = self._child.wait()
            self._output.close()
            raise StreamError(f"the simulating process ended early, status {status}") from error
        if isinstance(message, _Failure):
            raise StreamError(f"the simulation failed: {message.text}")
        return message


def run_child() -> None:
    """Run in the child: read the factory, write its messages."""
    # Redirect other output to the terminal, away from the blocks.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    factory: SourceFactory = pickle.load(sys.stdin.buffer)  # noqa: S301  from our own parent
    try:
        for message in _messages(factory):
            pickle.dump(message, out, protocol=pickle.HIGHEST_PROTOCOL)
            out.flush()
    except BrokenPipeError:
        # The reader is gone. A normal exit would try to flush the buffer and fail.
        os._exit(0)


def _messages(factory: SourceFactory) -> Iterator[object]:
    try:
        source = factory()
        yield source.symbols
        yield from source.blocks()
        yield source.evening()
    except Exception as error:  # The parent reports every failure to the user.
        traceback.print_exc()
        yield _Failure(f"{type(error).__name__}: {error}")
