"""Realism of simulated sessions: location of trades, spreads, sizes, volume.

Every figure is computed from the records of whole sessions, as on a tape. Only customers' sides
come from the truth.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from studies.table import Cell, Table
from zerodte.arrays import Bool
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.columns import Block, ContractList
from zerodte.feeds.simulator.names import names_of
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.records.condition import Condition
from zerodte.records.dbn import UNDEF_PRICE, Records

_SYMBOLS: Final = ("SPY", "SPX", "QQQ", "IWM")
_DATE: Final = datetime.date(2025, 8, 6)
_SEEDS: Final = range(1, 9)
_COLUMNS: Final = ("figure", "mean", "least", "most", "real", "allowed", "source", "ok")
_BILZ: Final = "Bilz 2023, ISE and Cboe 2005-17"
_FU: Final = "Fu et al. 2025, SPXW 2020-23"
_DECODED: Final = "Cboe, 0DTEs decoded, 2025"
_SPXW: Final = "real SPXW sessions"
_RULE: Final = "Bilz 2023; Savickas, Wilson 2003"
_GREW: Final = "Cboe, SPY of 2025-05-01 on the day before"
_CHAINS: Final = "Cboe, SPX of 2022-03-23, SPY of 2025-05-01, SPXW of 2019-06-26"
_BAR: Final = "a bar of ours"


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a figure.

    Attributes:
        what: Description of the figure.
        real: Its value in real markets.
        low: Lower bound of the mean over seeds; of every seed if `each`.
        high: Upper bound, likewise.
        source: Source of the real value.
        each: Whether the bounds hold for every seed.
    """

    what: str
    real: str
    low: float
    high: float
    source: str
    each: bool = False


#: In printing order. Tolerances are wide if the real value is from other years, names or kinds of
#: trades.
TARGETS: Final[dict[str, Target]] = {
    "trades": Target("trades a session, millions", "", 1.0, 2.5, _BAR, each=True),
    "quotes": Target("quotes a session, millions", "", 8.0, 14.0, _BAR, each=True),
    "inside": Target("trades inside the quote", "0.38", 0.28, 0.48, _FU),
    "mid": Target("of all, at mid", "0.08 to 0.10, growing", 0.06, 0.18, _BILZ),
    "bid": Target("at the bid", "0.30", 0.25, 0.37, f"half of what is left: {_FU}"),
    "ask": Target("at the ask", "0.30", 0.25, 0.37, f"half of what is left: {_FU}"),
    "outside": Target("outside the quote", "0.019 to 0.026", 0.005, 0.045, _BILZ),
    "effective": Target(
        "effective over quoted spread", "0.77", 0.65, 0.85, "Muravyev, Pearson 2020"
    ),
    "ticks": Target("ticks wide at the money, SPXW of the day, 13:00", "1.35", 1.0, 2.0, _FU),
    "rule": Target("quote rule takes the customer's side", "0.61 to 0.83", 0.58, 0.83, _RULE),
    "rested": Target("same-day singles that hit a resting customer", "over 0.25", 0.25, 0.6, _FU),
    "matched": Target("trades of a quote's size", "0.22", 0.10, 0.30, _BILZ),
    "legs": Target("volume in packages", "over 0.30", 0.28, 0.46, "Li, Musto, Pearson 2023"),
    "size": Target("mean size", "14 to 18, smaller since", 5.0, 18.0, _BILZ),
    "depth": Target("median quoted size", "57 to 82", 40.0, 100.0, _BILZ),
    "puts": Target("same-day puts over calls", "about 1", 0.8, 1.25, _DECODED),
    "today": Target("same-day share of SPX volume", "0.59", 0.45, 0.70, "Cboe 2025"),
    "growth": Target(
        "growth of open interest per contract, SPY of tomorrow", "0.16", 0.05, 0.30, _GREW
    ),
    "by_10": Target(
        "same-day volume over open interest, SPX, 10:00",
        "0.26 by 10:11 on 2022-03-23",
        0.2,
        0.65,
        _SPXW,
        each=True,
    ),
    "by_12": Target("by 12:00", "", 1.3, 4.0, _SPXW, each=True),
    "by_16": Target("by 16:00", "", 3.3, 9.5, _SPXW, each=True),
    "heaped": Target(
        "share of the three largest strikes in same-day open interest, mean of the names",
        "0.10 to 0.15; 0.08 to 0.19 in ten chains",
        0.08,
        0.19,
        _CHAINS,
        each=True,
    ),
    "below": Target(
        "same-day strikes 2.5% to 10% below the open, fewest of a name",
        "42 to 67",
        10.0,
        70.0,
        _CHAINS,
        each=True,
    ),
}

#: Minutes after the open of figures that are measured once.
_MARKS: Final = {"by_10": 30, "by_12": 150, "by_16": 390}
_AT_13: Final = 210
_LARGEST: Final = 100_000


class SessionFigures:
    """Sums over the blocks of one session, and the figures computed from them."""

    def __init__(self, listing: ContractList) -> None:
        """Start a session."""
        self._listing = listing
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._volume = np.zeros(len(listing.symbols))
        self._depths = np.zeros(_LARGEST + 1, np.int64)
        self._last_quotes = np.zeros((len(listing.symbols), 2))
        sessions = np.array([chain.whole_sessions for chain in listing.chains])
        self._is_today = (sessions == 0)[listing.chain]
        self._marks: dict[str, float] = {}

    def add(self, block: Block) -> None:
        """Add a block."""
        sums, trades, quotes = self._sums, block.trades[0], block.quotes[0].records
        sums["trades"] += len(trades.records) / 1e6
        sums["quotes"] += len(quotes) / 1e6
        position = trades.records["instrument_id"].astype(np.int64) - 1
        size = trades.records["size"].astype(np.float64)
        conditions = np.asarray(trades.conditions)
        is_final = ~block.trade_truth["is_cancel"] & ~block.trade_truth["is_cancelled"]
        np.add.at(self._volume, position[is_final], size[is_final])
        sums["size"] += float(size.sum())
        sums["legs"] += float(size[conditions == Condition.MULTI_LEG].sum())
        single = self._is_today[position] & (conditions != Condition.MULTI_LEG)
        sums["singles"] += np.count_nonzero(single)
        sums["rested"] += np.count_nonzero(block.trade_truth["is_limit"] & single)
        usual = ~np.isin(conditions, (Condition.CANCEL, Condition.LATE))
        self._locate(trades.records[usual], block.trade_truth[usual])
        at = quotes["instrument_id"].astype(np.int64) - 1
        self._last_quotes[at, 0], self._last_quotes[at, 1] = (
            quotes["bid_px_00"],
            quotes["ask_px_00"],
        )
        self._record_marks(block)

    def _locate(self, trades: Records, truth: Records) -> None:
        """Where trades lie in the quote before them."""
        bid, ask = trades["bid_px_00"], trades["ask_px_00"]
        fair = (bid > 0) & (ask != UNDEF_PRICE) & (bid < ask)
        trades, truth, bid, ask = trades[fair], truth[fair], bid[fair], ask[fair]
        price, sums = trades["price"], self._sums
        twice = 2 * price - bid - ask
        sums["located"] += len(trades)
        located = {
            "bid": price == bid,
            "ask": price == ask,
            "inside": (price > bid) & (price < ask),
            "mid": twice == 0,
            "outside": (price < bid) | (price > ask),
            "matched": (trades["size"] == trades["bid_sz_00"])
            | (trades["size"] == trades["ask_sz_00"]),
        }
        for name, is_located in located.items():
            sums[name] += np.count_nonzero(is_located)
        sums["effective"] += float(np.abs(twice).sum())
        sums["quoted"] += float((ask - bid).sum())
        side = np.sign(twice) * truth["customer_side"]
        sums["rule"] += np.count_nonzero(side > 0)
        sums["ruled"] += np.count_nonzero(side)
        for name in ("bid_sz_00", "ask_sz_00"):
            self._depths += np.bincount(np.minimum(trades[name], _LARGEST), minlength=_LARGEST + 1)

    def _record_marks(self, block: Block) -> None:
        """Record figures that are measured at one time of day."""
        minute = (block.end - self._listing.session.open) // MINUTE
        chosen = self._is_today & (self._listing.name == self._spx)
        for name, at in _MARKS.items():
            if minute == at:
                self._marks[name] = float(
                    self._volume[chosen].sum() / self._listing.settled_interest[chosen].sum()
                )
        self._marks["growth"] = self._growth(block)
        if minute == _AT_13:
            self._marks["ticks"] = self._ticks(block, chosen)

    def _growth(self, block: Block) -> float:
        """Growth of open interest per contract traded in SPY's expiry of tomorrow."""
        listing = self._listing
        position = [name.symbol for name in listing.names].index("SPY")
        chains = [chain.name == position and chain.whole_sessions == 1 for chain in listing.chains]
        chosen = np.array(chains)[listing.chain]
        grown = block.contract_truth["open_interest"] - listing.settled_interest
        return float(grown[chosen].sum() / self._volume[chosen].sum())

    @property
    def _spx(self) -> int:
        return [name.symbol for name in self._listing.names].index("SPX")

    def _ticks(self, block: Block, chosen: Bool) -> float:
        """Mean spread of the two strikes nearest the money, ticks."""
        values = block.underlying[-1].records
        spot = values["price"][values["instrument_id"] == 1][-1] / 1e9
        strikes = np.unique(self._listing.strike[chosen])
        near = strikes[np.argsort(np.abs(strikes - spot))[:2]]
        bid, ask = self._last_quotes[chosen & np.isin(self._listing.strike, near)].T
        low, high = (round(tick * 1e9) for tick in self._listing.names[self._spx].ticks)
        return float(((ask - bid) / np.where(bid < 3e9, low, high)).mean())

    def figures(self) -> dict[str, float]:
        """Every figure of `TARGETS`."""
        sums, calls = self._sums, self._listing.is_call
        out = {name: sums[name] for name in ("trades", "quotes")}
        for name in ("bid", "ask", "inside", "mid", "outside", "matched"):
            out[name] = sums[name] / sums["located"]
        out["effective"] = sums["effective"] / sums["quoted"]
        out["rule"] = sums["rule"] / sums["ruled"]
        out["rested"] = sums["rested"] / sums["singles"]
        out["legs"] = sums["legs"] / sums["size"]
        out["size"] = sums["size"] / sums["trades"] / 1e6
        half = self._depths.sum() / 2
        out["depth"] = float(np.searchsorted(np.cumsum(self._depths), half))
        today = self._volume * self._is_today
        out["puts"] = float(today[~calls].sum() / today[calls].sum())
        own = self._listing.name == self._spx
        out["today"] = float(today[own].sum() / self._volume[own].sum())
        return out | self._marks | self._chain_figures()

    def _chain_figures(self) -> dict[str, float]:
        """Where the same-day chains have strikes and open interest."""
        listing = self._listing
        heaped, below = [], []
        for place in np.unique(listing.chain[self._is_today]):
            own = listing.chain == place
            interest = listing.settled_interest[own].reshape(-1, 2).sum(axis=1)
            heaped.append(np.sort(interest)[-3:].sum() / interest.sum())
            distance = listing.strike[own][::2] / listing.opening[listing.chains[place].name] - 1.0
            below.append(np.count_nonzero((distance < -0.025) & (distance > -0.1)))
        return {"heaped": float(np.mean(heaped)), "below": float(min(below))}


def measure(seed: int) -> dict[str, float]:
    """The figures of a seed's session."""
    session = calendar().session(_DATE)
    if session is None:
        raise ValueError(f"{_DATE} has no session")
    simulation = Simulation(session, names_of(_SYMBOLS), seed)
    figures = SessionFigures(simulation.listing)
    for block in simulation.blocks():
        figures.add(block)
    return figures.figures()


def tables() -> list[Table]:
    """The figures of several seeds compared with real markets."""
    measured = [measure(seed) for seed in _SEEDS]
    rows = [_row(target, [one[name] for one in measured]) for name, target in TARGETS.items()]
    title = (
        f"Whole sessions of {', '.join(_SYMBOLS)} on {_DATE}, seeds {_SEEDS[0]} to {_SEEDS[-1]}."
    )
    return [Table(title, _COLUMNS, tuple(rows))]


def _row(target: Target, values: list[float]) -> tuple[Cell, ...]:
    mean = float(np.mean(values))
    tested = values if target.each else [mean]
    passes = all(target.low <= value <= target.high for value in tested)
    reach = f"{target.low:g} to {target.high:g}" + (", each" if target.each else "")
    spread = (float(min(values)), float(max(values)))
    return (target.what, mean, *spread, target.real, reach, target.source, passes)
