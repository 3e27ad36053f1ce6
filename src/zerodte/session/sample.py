"""The samples of one session of a symbol's same-day chain, and nothing computed late.

A sample is quantised inputs and the few figures that a series shows. Every answer about a past
instant or a window follows from them, wherever they are stored. The first axis of an array is the
sample: shape (m,) by sample, (m, n) by strike, (m, 2, n) by right (0 calls, 1 puts) and strike.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from zerodte.arrays import F32, F64, I32, I64, Bool, Rows
from zerodte.decision.memory import WAIT
from zerodte.decision.rule import SETUPS
from zerodte.engine.aggressor import SideRule
from zerodte.engine.chain_inputs import SpotSource
from zerodte.engine.flip import FlipStatus
from zerodte.engine.open_interest import METHODS
from zerodte.engine.plausibility import VERDICTS
from zerodte.engine.regime import Regime
from zerodte.market.calendar import TradingSession
from zerodte.market.contracts import NO_POSITION, Chain

#: A row of a table below. The interpreter knows its fields, the type checker does not.
Row: TypeAlias = Any

#: What the codes of a sample mean; `NO_CODE` is none of them.
SPOT_SOURCES: Final[tuple[SpotSource, ...]] = ("equity_quote", "index", "put_call_parity")
FLIP_STATUSES: Final[tuple[FlipStatus, ...]] = (
    "available",
    "no_boundary",
    "insufficient_local_coverage",
    "insufficient_quote_quality",
    "sensitive_root",
    "insufficient_open_interest",
)
REGIMES: Final[tuple[Regime, ...]] = ("positive_gamma", "negative_gamma", "unknown")
OI_METHODS: Final = tuple(METHODS)
NO_CODE: Final = -1
#: Why quotes do not count; a sample has the number of each, under its name without spaces.
FAULTS: Final = ("crossed", "locked", "zero bid", "no ask", "never quoted", *VERDICTS.values())

#: The kinds of inputs whose arrivals a sample has, by the wire's names.
ARRIVALS: Final = (
    "oi_feed",
    "flow_feed",
    "equity_feed",
    "index_feed",
    "index_options_feed",
    "equity_options_feed",
)

#: Time 0 stands for never: nothing of a market happened then.
NO_TIME: Final = 0
#: Prices are stored in units of half a hundredth of a cent: the mid of two prices of four decimals.
UNITS_PER_DOLLAR: Final = 20_000
NO_QUOTE: Final = -1
#: In `SampleDay.since`, of a contract that no sample knows.
NOT_LISTED: Final = np.iinfo(np.int32).max
#: How many rules `SampleDay.volume_by_rule` counts by.
RULE_COUNT: Final = len(SideRule)

#: What a chain's figures follow from besides its columns; NaN where unknown. Times are UTC ns.
INPUTS: Final = np.dtype(
    [
        ("at", "i8"),  # the sample's time
        ("spot", "f8"),  # dollars
        ("spot_low", "f8"),  # since the sample before, this one included
        ("spot_high", "f8"),
        ("spot_source", "i1"),  # of SPOT_SOURCES
        ("disagreement", "f8"),  # of spot and parity, a fraction
        ("spot_tolerance", "f8"),  # how large that may be before it is said
        ("apart", "f8"),  # how far apart the tape's own prices lie, a fraction
        ("forward", "f8"),  # dollars
        ("smile_at", "i8"),  # when the smile was solved; NEVER where there is none
        ("anchor_volatility", "f8"),  # of the expiry nearest seven days, at the money
        ("anchor_gamma", "f8"),
        ("fresh", "?"),  # whether the chain had spoken recently
        ("newest", "i8"),  # receive time of its newest record, or NEVER
        ("has_trades", "?"),  # whether a trade of the symbol had come
        ("classified_share", "f8"),  # of traded volume, a fraction
        ("others_net_gex", "f8"),  # of the symbol's other chains, dollars per 1% move
        ("others_settled_net_gex", "f8"),
        ("oi_method", "i1"),  # of OI_METHODS
        ("simulated_oi", "f8"),  # contracts, all of the chain
        *((reason.replace(" ", "_"), "i4") for reason in FAULTS),
        ("book_gex", "f8", 3),  # dealers' own book: mean and the ends of its interval
        ("book_dex", "f8", 3),
        ("book_vex", "f8", 3),
        ("book_chex", "f8", 3),
    ]
)

#: What a series and a leaderboard show, computed when the sample was taken; NaN where unknown.
FIGURES: Final = np.dtype(
    [
        ("net_gex", "f8"),  # dollars per 1% move
        ("gross_gex", "f8"),
        ("net_dex", "f8"),  # dollars
        ("gamma_flip", "f8"),  # dollars
        ("flip_status", "i1"),  # of FLIP_STATUSES
        ("call_wall", "f8"),  # dollars
        ("put_wall", "f8"),
        ("magnet", "f8"),
        ("pin_score", "f8"),  # 0 to 100
        ("regime", "i1"),  # of REGIMES
        ("atm_iv", "f8"),  # annual, a fraction
        ("charm_hour", "f8"),  # dollars per hour
        ("remaining_sigma", "f8"),  # dollars
        ("data_quality", "f8"),  # 0 to 100
        ("call_flow", "i8"),  # signed delta dollars since the open, the two sides apart
        ("put_flow", "i8"),
        ("pin_probability", "f8"),  # of a close at the magnet, a fraction
        ("call_customer_flow", "f8"),  # whole delta dollars that customers are expected to have
        ("put_customer_flow", "f8"),  # traded since the open
    ]
)

#: The names of setups, by the code of a sample.
SETUP_NAMES: Final = (WAIT, *(rule.name for rule in SETUPS))

#: What the decision remembered at a sample, and what it was told: this cannot be computed again
#: from the sample. Times are UTC ns; what is not known is NaN, `NO_TIME` or `NO_CODE`.
LATCHES: Final = np.dtype(
    [
        ("regime_since", "i8"),
        ("latched_magnet", "f8"),  # dollars, as are the walls; the ones that stood
        ("magnet_since", "i8"),
        ("latched_call_wall", "f8"),
        ("call_wall_since", "i8"),
        ("latched_put_wall", "f8"),
        ("put_wall_since", "i8"),
        ("conditions", "i8"),  # which hold: bit by place in the table of conditions
        ("flip_side", "i1"),
        ("crossed_at", "i8"),
        ("flipped_at", "i8"),
        ("setup", "i1"),  # of SETUP_NAMES
        ("setup_since", "i8"),
        ("severity", "i1"),  # of SEVERITY_NAMES
        ("events_ahead", "i4"),
        ("scale", "f8"),  # physical over risk-neutral sigma
        ("scale_sessions", "i4"),
        ("scale_version", "i4"),
        ("method", "i1"),  # of PROBABILITY_METHODS
    ]
)


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """Sample columns by contract or by strike; `COLUMN_KINDS` says what stands for nothing.

    Prices are whole numbers of 1 / `UNITS_PER_DOLLAR`, so that a mid between two ticks is exact:
    float32 has not enough digits for the time value of an option that lies deep in the money.

    Attributes:
        mid: Units, int32 (m, 2, n); `NO_QUOTE` where the quote does not count.
        spread: Units, int32 (m, 2, n), likewise.
        offer: Units, int32 (m, 2, n): the ask where nobody bids; `NO_QUOTE` elsewhere.
        open_interest: Effective, contracts, float32 (m, 2, n); NaN where unknown.
        contracts: Traded since the open, int64 (m, 2, n).
        delta_dollars: Signed, calls and puts together, since the open, int64 (m, n).
        gamma_dollars: Likewise, per 1% move, int64 (m, n).
        volatility: Of the smile, annual, float64 (m, n); NaN where there is no smile.
        quoted: Whether the strike's own quote gave its volatility, bool (m, n).
        net_bought: Contracts that customers are expected to have bought less sold since the open,
            calls and puts together, float64 (m, n); NaN where it was not recorded.
        bought_variance: Of that, contracts squared, float64 (m, n), likewise.
    """

    mid: I32
    spread: I32
    offer: I32
    open_interest: F32
    contracts: I64
    delta_dollars: I64
    gamma_dollars: I64
    volatility: F64
    quoted: Bool
    net_bought: F64
    bought_variance: F64

    def until(self, row: int) -> "Columns":
        """The rows before `row`; no copies."""
        return Columns(*(getattr(self, field.name)[:row] for field in fields(self)))


class ColumnKind(NamedTuple):
    """What a column is: its dtype, what it holds of a contract that is not listed, its shape."""

    dtype: str
    nothing: float
    by_strike: bool = False

    def shape(self, rows: int, strikes: int) -> tuple[int, ...]:
        """(m, n) by strike, (m, 2, n) by contract."""
        return (rows, strikes) if self.by_strike else (rows, 2, strikes)


#: What each of `Columns` is.
COLUMN_KINDS: Final[Mapping[str, ColumnKind]] = {
    "mid": ColumnKind("i4", NO_QUOTE),
    "spread": ColumnKind("i4", NO_QUOTE),
    "offer": ColumnKind("i4", NO_QUOTE),
    "open_interest": ColumnKind("f4", np.nan),
    "contracts": ColumnKind("i8", 0),
    "delta_dollars": ColumnKind("i8", 0, by_strike=True),
    "gamma_dollars": ColumnKind("i8", 0, by_strike=True),
    "volatility": ColumnKind("f8", np.nan, by_strike=True),
    "quoted": ColumnKind("?", False, by_strike=True),
    "net_bought": ColumnKind("f8", np.nan, by_strike=True),
    "bought_variance": ColumnKind("f8", np.nan, by_strike=True),
}


@dataclass(frozen=True, eq=False, slots=True)
class VenueStatistics:
    """What the venue published of each contract; stored once per change.

    Attributes:
        since: The first sample (row) that it holds for.
        official: Settled open interest, contracts, float32 (2, n); NaN where unknown.
        cleared: Volume cleared so far today, contracts, float32 (2, n); NaN where unknown.
        oi_as_of: Event time of the open interest, UTC ns, or None.
    """

    since: int
    official: F32
    cleared: F32
    oi_as_of: int | None


@dataclass(frozen=True, eq=False, slots=True)
class SampleContext:
    """The inputs of a symbol at an instant: its own and the shared index values.

    Attributes:
        at: The instant, UTC ns.
        digest: Of the inputs up to then, 16 hexadecimal digits.
        arrivals: When each kind of them had last arrived, UTC ns, by a name of `ARRIVALS`; what
            never came is left out.
        scheduled: The events of the day that are to come or have just come: name and time.
        notices: What else a reader should know of them.
        vix: The VIX index, points; NaN where unknown.
    """

    at: int
    digest: str
    arrivals: Mapping[str, int]
    scheduled: tuple[str, ...]
    notices: tuple[str, ...]
    vix: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that an answer's reader is told of the inputs, events first."""
        return self.scheduled + self.notices


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval of the session in which nothing was received, UTC ns.

    Attributes:
        start: The last instant that something was received, or the open.
        end: When something was received again.
        reason: silence, or the reason that a recorder gave.
        known: From when on it was known to be one.
    """

    start: int
    end: int
    reason: str
    known: int

    def seen(self, at: int) -> "Gap | None":
        """The gap as it looked at an instant; None before it was known."""
        if at < self.known or at <= self.start:
            return None
        return Gap(self.start, min(self.end, at), self.reason, self.known)


@dataclass(frozen=True, eq=False, slots=True)
class SampleDay:
    """The samples of one symbol's same-day chain, ascending in time.

    Attributes:
        symbol: The underlying's.
        root: The OSI root of the chain.
        hours: The session; the chain expires on its date.
        strikes: Dollars, float64 (n,), ascending: every strike that any sample knew.
        since: int32 (2, n), the first sample (row) in which each contract is listed; `NOT_LISTED`
            where it never is.
        columns: By contract and by strike.
        inputs: Of dtype `INPUTS`, (m,).
        figures: Of dtype `FIGURES`, (m,).
        latches: Of dtype `LATCHES`, (m,).
        volume_by_rule: Contracts of the chain's trades by the `SideRule` that decided, int64
            (m, rules).
        statistics: Ascending; the last that began at or before a row holds for it. The first
            begins at row 0 where there is any row.
        contexts: The symbol's inputs at each sample.
        gaps: Ascending.
    """

    symbol: str
    root: str
    hours: TradingSession
    strikes: F64
    since: I32
    columns: Columns
    inputs: Rows
    figures: Rows
    latches: Rows
    volume_by_rule: I64
    statistics: tuple[VenueStatistics, ...]
    contexts: Sequence[SampleContext]
    gaps: tuple[Gap, ...]

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def expiry(self) -> datetime.date:
        """The day the chain expires on."""
        return self.hours.date

    @property
    def times(self) -> I64:
        """When samples were taken, UTC ns, (m,)."""
        return np.asarray(self.inputs["at"])

    def row_at(self, at: int) -> int:
        """The last sample not after an instant (UTC ns); -1 where there is none."""
        return int(np.searchsorted(self.times, at, side="right")) - 1

    def statistics_at(self, row: int) -> VenueStatistics:
        """What the venue had published by a sample."""
        return next(one for one in reversed(self.statistics) if one.since <= row)

    def grid(self, row: int) -> Bool:
        """Which of `strikes` the sample knew, bool (n,)."""
        return np.asarray((self.since <= row).any(axis=0))

    def chain(self, row: int) -> Chain:
        """The chain as it was listed then; positions point into a row of a (2, n) column, flat."""
        known = self.grid(row)
        listed = self.since[:, known] <= row
        places = np.arange(self.since.size, dtype=np.int32).reshape(2, -1)[:, known]
        return Chain(
            number=NO_POSITION,
            root=self.root,
            symbol=self.symbol,
            expiry=self.expiry,
            am_settled=False,
            strikes=self.strikes[known],
            positions=np.where(listed, places, NO_POSITION).astype(np.int32),
            listed=listed,
        )

    def gaps_at(self, at: int) -> list[Gap]:
        """The gaps as they looked at an instant (UTC ns)."""
        seen = (gap.seen(at) for gap in self.gaps)
        return [gap for gap in seen if gap is not None]


_MOST_UNITS: Final = np.iinfo(np.int32).max


def units(prices: F64) -> I32:
    """Prices in dollars as they are stored; `NO_QUOTE` for NaN."""
    whole = np.minimum(np.rint(prices * UNITS_PER_DOLLAR), _MOST_UNITS)
    return np.where(np.isnan(prices), NO_QUOTE, whole).astype(np.int32)


def dollars(prices: I32) -> F64:
    """Stored prices in dollars; NaN for `NO_QUOTE`."""
    return np.where(prices == NO_QUOTE, np.nan, prices / UNITS_PER_DOLLAR)


def single(values: F64) -> F64:
    """Values with the digits that float32 has."""
    return values.astype(np.float32).astype(np.float64)
