"""The Python API: a tape in, the answers of the HTTP API out, without a server."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import msgspec

from zerodte.clock import NEW_YORK, ClockError, new_york, parse_new_york
from zerodte.constants import SAMPLE_INTERVAL
from zerodte.market.calendar import TradingSession
from zerodte.runtime import replay as ticks_to_session
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.session import Session
from zerodte.tape.folder import TapeError, open_tape
from zerodte.tape.source import TickSource
from zerodte.wire.calibration import Calibration, CalibrationQuery
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.flat import Exposure, Snapshot, degraded_form
from zerodte.wire.heatmap import Heatmap, HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlow, HedgeFlowQuery
from zerodte.wire.leaderboard import Leaderboard, LeaderboardQuery
from zerodte.wire.query import Query, fields_of
from zerodte.wire.series import Series, SeriesQuery
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlow, StrikeFlowQuery

__all__ = [
    "Answer",
    "ApiError",
    "ClockError",
    "Exposure",
    "MarketDay",
    "NoZeroDte",
    "SessionClosed",
    "Snapshot",
    "TapeError",
    "open_tape",
    "replay",
    "samples",
]

A_co = TypeVar("A_co", covariant=True)

#: A time in New York: "15:30" or "15:30:00" of the session's day, a full "2025-06-02T15:30:00", a
#: datetime (US/Eastern unless it has a time zone), or UTC nanoseconds.
Time: TypeAlias = str | datetime.time | datetime.datetime | int


@dataclass(frozen=True, slots=True)
class Answer(Generic[A_co]):
    """An answer of the HTTP API.

    Attributes:
        data: Its content, a frozen msgspec Struct.
        json: The bytes that the HTTP API sends.
    """

    data: A_co
    json: bytes


class MarketDay:
    """A session that was replayed up to an instant, with the endpoints of the HTTP API as methods.

    The methods take the parameters of their endpoint by name and give its bytes. A date, time or
    datetime may be given as such.

    Raises:
        ApiError: As the HTTP API; its `code` is the answer's `error`.
        TypeError: For a parameter that the endpoint does not have.
    """

    def __init__(self, session: Session, service: LocalService) -> None:
        self._session = session
        self._service = service

    @property
    def hours(self) -> TradingSession:
        """The trading session: date, open and close."""
        return self._session.hours

    @property
    def now(self) -> datetime.datetime:
        """The market clock: the end of the last tick, or the end of the replay; UTC."""
        return datetime.datetime.fromtimestamp(self._session.now // 10**9, datetime.UTC)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The underlyings so far, sorted."""
        return tuple(self._session.symbols())

    def snapshot(
        self, symbol: str, **parameters: object
    ) -> Answer[Snapshot | NoZeroDte | SessionClosed]:
        """One symbol's same-day chain on effective open interest."""
        return self._ask(SnapshotQuery, _decode_snapshot, symbol=symbol, **parameters)

    def exposure(self, symbol: str, **parameters: object) -> Answer[Exposure | NoZeroDte]:
        """The same on settled open interest; outside the session with the next expiry's map."""
        return self._ask(ExposureQuery, _decode_exposure, symbol=symbol, **parameters)

    def series(self, symbol: str, **parameters: object) -> Answer[Series]:
        """The headline figures of the day, bar by bar."""
        return self._ask(SeriesQuery, _decoder(Series), symbol=symbol, **parameters)

    def hedge_flow(self, symbol: str, **parameters: object) -> Answer[HedgeFlow]:
        """The flow that dealers had to hedge, bar by bar."""
        return self._ask(HedgeFlowQuery, _decoder(HedgeFlow), symbol=symbol, **parameters)

    def heatmap(self, symbol: str, **parameters: object) -> Answer[Heatmap]:
        """One metric over strikes and time."""
        return self._ask(HeatmapQuery, _decoder(Heatmap), symbol=symbol, **parameters)

    def strike_flow(self, symbol: str, **parameters: object) -> Answer[StrikeFlow]:
        """Signed flow over strikes and time."""
        return self._ask(StrikeFlowQuery, _decoder(StrikeFlow), symbol=symbol, **parameters)

    def leaderboard(self, **parameters: object) -> Answer[Leaderboard]:
        """All symbols with a same-day chain, ranked."""
        return self._ask(LeaderboardQuery, _decoder(Leaderboard), **parameters)

    def calibration(self, symbol: str) -> Answer[Calibration]:
        """What makes a symbol's probabilities physical, and how it has done."""
        return self._ask(CalibrationQuery, _decoder(Calibration), symbol=symbol)

    def _ask(
        self, query: type[Query], decode: Callable[[bytes], A_co], **parameters: object
    ) -> Answer[A_co]:
        names = [field.name for field in fields_of(query)]
        if unknown := sorted(parameters.keys() - set(names)):
            raise TypeError(f"no parameter {unknown[0]!r}; expected: {', '.join(names)}")
        texts = {name: self._text(value) for name, value in parameters.items() if value is not None}
        content = self._service.answer(query.parse(texts))
        return Answer(decode(content), content)

    def _text(self, value: object) -> str:
        """A parameter as the text of a query string."""
        if isinstance(value, datetime.time):
            value = datetime.datetime.combine(self.hours.date, value)
        if isinstance(value, datetime.datetime):
            if value.tzinfo is not None:
                value = value.astimezone(NEW_YORK)
            return f"{value:%Y-%m-%dT%H:%M:%S}"
        return str(value)


def replay(tape: TickSource, until: Time | None = None) -> MarketDay:
    """Replay a tape.

    Args:
        tape: From `open_tape`.
        until: The instant at which to stop; by default the tape's end.

    Returns:
        The day at that instant, or at the tape's last tick if that is earlier.

    Raises:
        ClockError: If `until` is not a time.
        TapeError: If the tape is damaged.
    """
    end = None if until is None else _instant(until, tape.session.date)
    session = ticks_to_session.replay(tape, end)
    day, _ = _market_day(tape, session)
    return day


def samples(tape: TickSource, until: Time | None = None) -> Iterator[MarketDay]:
    """Replay a tape sample by sample, every 30 seconds of the session.

    Args:
        tape: From `open_tape`.
        until: The instant after which to stop; by default the tape's end.

    Yields:
        The same day after each sample. Its answers change as the iteration continues.

    Raises:
        ClockError: If `until` is not a time.
        TapeError: If the tape is damaged.
    """
    end = None if until is None else _instant(until, tape.session.date)
    session = ticks_to_session.begin(tape)
    day, stage = _market_day(tape, session)
    hours, current = tape.session, stage.ready()
    for tick in tape.ticks():
        last = min(tick.end if end is None else min(tick.end, end), hours.close)
        start = max(session.now, hours.open) // SAMPLE_INTERVAL + 1
        for time in range(start * SAMPLE_INTERVAL, last + 1, SAMPLE_INTERVAL):
            if time < tick.end:
                stage.advance(current, time, float("nan"))
                yield day
        if end is not None and tick.end > end:
            return
        stage.apply(current, tick, lambda _: float("nan"))
        if tick.end == last and tick.end % SAMPLE_INTERVAL == 0 and tick.end > hours.open:
            yield day


def _market_day(tape: TickSource, session: Session) -> tuple[MarketDay, Stage]:
    stage = Stage()
    stage.show(CurrentSession(session, ticks_to_session.source_of(tape)))
    return MarketDay(session, LocalService(stage)), stage


def _instant(time: Time, date: datetime.date) -> int:
    """A time in UTC nanoseconds."""
    if isinstance(time, int):
        return time
    if isinstance(time, str):
        if "T" in time:
            return parse_new_york(time)
        try:
            return parse_new_york(f"{date}T{time}")
        except ClockError as error:
            raise ClockError(f"{time!r} is not a time of {date}, such as 15:30") from error
    if isinstance(time, datetime.time):
        return new_york(date, time)
    if time.tzinfo is not None:
        time = time.astimezone(NEW_YORK)
    return new_york(time.date(), time.timetz().replace(tzinfo=None))


def _decode_snapshot(content: bytes) -> Snapshot | NoZeroDte | SessionClosed:
    shape: type[Snapshot | NoZeroDte | SessionClosed] = degraded_form(content) or Snapshot
    return msgspec.json.decode(content, type=shape)


def _decode_exposure(content: bytes) -> Exposure | NoZeroDte:
    shape: type[Exposure | NoZeroDte] = (
        NoZeroDte if degraded_form(content) is NoZeroDte else Exposure
    )
    return msgspec.json.decode(content, type=shape)


T = TypeVar("T", bound=msgspec.Struct)


def _decoder(shape: type[T]) -> Callable[[bytes], T]:
    return msgspec.json.Decoder(shape).decode
