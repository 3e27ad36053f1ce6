"""A source with one filled-in symbol, and what is as odd as can be beside it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from typing import TypeVar

import msgspec
from msgspec import inspect

from zerodte.config import SECOND
from zerodte.server.source import Changes, Figures, SampleEvent
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureBlocks, Head, encode
from zerodte.wire.health import Health
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks

S = TypeVar("S", bound=msgspec.Struct)
Blocks = TypeVar("Blocks", bound=ExposureBlocks)

#: 2026-05-27 09:30:30 New York.
START = 1_779_888_630 * SECOND


class ExampleSource:
    """SPX in session, TSLA without an expiry today, QQQ closed, WARM still warming up.

    Every field of an answer holds another value. What was asked is kept in `asked`.
    """

    def __init__(self) -> None:
        self.ticks = 0
        self.callers: list[Callable[[], None]] = []
        self.forget()

    def forget(self) -> None:
        """Begin again, so that nothing that was answered before still holds."""
        self.ticks += 1
        self.asked: list[tuple[date | None, float]] = []
        self.reasons: tuple[str, ...] = ()
        self.samples: list[SampleEvent] = []
        self.state = Figures()

    def snapshot(self, symbol: str, expiry: date | None, strike_range: float) -> bytes:
        """SPX, or one of the odd ones."""
        return self._answer(SnapshotBlocks, symbol, expiry, strike_range)

    def exposure(self, symbol: str, expiry: date | None, strike_range: float) -> bytes:
        """The same without a decision."""
        return self._answer(ExposureBlocks, symbol, expiry, strike_range)

    def events(self, symbol: str, after: int | None) -> Sequence[SampleEvent]:
        """Those of `samples`, whatever the symbol."""
        if symbol not in self.symbols():
            raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
        if after is None:
            return self.samples[-1:]
        return [event for event in self.samples if event.time > after]

    def on_sample(self, call: Callable[[], None]) -> Callable[[], None]:
        """Keep it for `sample`."""
        self.callers.append(call)
        return lambda: self.callers.remove(call)

    def sample(self, text: str) -> None:
        """Take a sample whose bar and snapshot say `text`, half a minute after the last."""
        self.samples = [replace(event, snapshot=None) for event in self.samples]
        time = START + len(self.samples) * 30 * SECOND
        body = msgspec.json.encode({"said": text})
        self.samples.append(SampleEvent(time, body, body))
        for call in self.callers:
            call()

    def version(self, changes: Changes) -> int:
        """Grows with `ticks`, and with samples."""
        return {"tick": self.ticks, "sample": len(self.samples), "never": 0}[changes]

    def figures(self) -> Figures:
        """Those of `state`."""
        return self.state

    def health(self) -> Health:
        """Unhealthy once `reasons` are given."""
        return Health.of(*self.reasons)

    def symbols(self) -> list[str]:
        """Those with an answer."""
        return ["QQQ", "SPX", "TSLA"]

    def _answer(
        self, blocks: type[Blocks], symbol: str, expiry: date | None, strike_range: float
    ) -> bytes:
        self.asked.append((expiry, strike_range))
        if expiry == date(2001, 1, 1):
            raise ApiError("expiry_not_found", "SPX has no expiry on 2001-01-01.")
        if symbol == "BROKEN":
            raise RuntimeError("a secret of the server")
        if symbol == "WARM":
            raise ApiError("warming_up", "WARM has not been seen enough yet.")
        if symbol == "TSLA":
            return msgspec.json.encode(filled(NoZeroDte, symbol=symbol))
        if symbol == "QQQ":
            return msgspec.json.encode(filled(SessionClosed, symbol=symbol))
        if symbol != "SPX":
            raise ApiError("symbol_not_found", f"{symbol} is not tracked.")
        return encode(filled(Head, symbol=symbol), filled(blocks))


def filled(shape: type[S], **known: object) -> S:
    """A Struct whose every field holds a value of its type, numbers and texts all different."""
    numbers = count(1)
    scalars: dict[type[inspect.Type], Callable[[], object]] = {
        inspect.FloatType: lambda: next(numbers) + 0.25,
        inspect.IntType: lambda: next(numbers),
        inspect.StrType: lambda: f"text {next(numbers)}",
        inspect.BoolType: lambda: True,
        inspect.NoneType: lambda: None,
        inspect.DateType: lambda: "2026-05-27",
        inspect.DateTimeType: lambda: f"2026-05-27T15:30:{next(numbers) % 60:02}Z",
    }

    def value(kind: inspect.Type) -> object:
        match kind:
            case inspect.Metadata(type=inner):
                return value(inner)
            case inspect.UnionType(types=choices):
                return value(next(c for c in choices if not isinstance(c, inspect.NoneType)))
            case inspect.DictType(value_type=inner):
                return {"at_ask": value(inner)}
            case inspect.LiteralType(values=values):
                return values[next(numbers) % len(values)]
            case inspect.StructType(fields=fields):
                return {field.name: value(field.type) for field in fields}
            case inspect.ListType(item_type=item):
                return [value(item), value(item)]
            case inspect.TupleType(item_types=items):
                return [value(item) for item in items]
        return scalars[type(kind)]()

    fields = value(inspect.type_info(shape))
    assert isinstance(fields, dict)
    return msgspec.convert(fields | known, type=shape)
