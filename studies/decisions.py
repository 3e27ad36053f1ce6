"""How the rules behave on simulated days: setups, severity, changes, and what hints would make.

The market is simulated without dealers' impact, so that no setup can have an edge at mid.
"""

import datetime
import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from studies.table import Table
from zerodte.decision.rule import SETUPS, SEVERITY_NAMES
from zerodte.feeds.simulator.block_stream import BlockStream
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.runtime.demo import SimulatedSession
from zerodte.runtime.replay import replay
from zerodte.session.decision import decision_at
from zerodte.session.reading import state_at
from zerodte.session.sample import SETUP_NAMES, SampleDay

#: Seeds of the published scores, and as many that nothing was chosen on.
_PUBLISHED: Final = range(1, 17)
_FRESH: Final = range(401, 417)
_SYMBOLS: Final = ("SPX", "IWM")
_DATE: Final = datetime.date(2025, 6, 2)
#: The shortest run that a trader could follow, samples.
_SHORT: Final = 2
_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint when it first appeared.

    Attributes:
        setup: Its code.
        profit: At the close, entered at mid, in remaining sigmas of then.
        natural: The same, entered at the natural price.
    """

    setup: str
    profit: float
    natural: float


@dataclass(frozen=True, slots=True)
class RuledDay:
    """One day, as its samples tell it.

    Attributes:
        symbol: The underlying.
        seed: Of the simulation.
        severity: Shares of samples, by severity.
        alerts: Episodes of alert.
        changes: Of the primary setup.
        short_runs: Share of the primary's runs of two samples or fewer.
        label_changes: Of the regime label.
        setups: Shares of samples, by setup.
        hints: Those that appeared.
    """

    symbol: str
    seed: int
    severity: tuple[float, ...]
    alerts: int
    changes: int
    short_runs: float
    label_changes: int
    setups: tuple[float, ...]
    hints: tuple[Hint, ...]


def tables() -> list[Table]:
    """A summary by group of seeds, the setups, and the hints."""
    days = list(_played([*_PUBLISHED, *_FRESH]))
    groups = {
        "published seeds": [day for day in days if day.seed in _PUBLISHED],
        "fresh seeds": [day for day in days if day.seed in _FRESH],
        "all": days,
    }
    return [_behaviour(groups), _setups(groups), _hints(groups)]


def _played(seeds: list[int]) -> Iterator[RuledDay]:
    with ProcessPoolExecutor(_WORKERS) as workers:
        yield from workers.map(_play, seeds)


def _play(seed: int) -> RuledDay:
    """Play the day of a seed; seeds take turns with the symbols."""
    symbol = _SYMBOLS[seed % len(_SYMBOLS)]
    hours = calendar().session(_DATE)
    if hours is None:
        raise ValueError(f"{_DATE} has no session")
    names = (NAMES[symbol],)
    stream = BlockStream(partial(Simulation, hours, names=names, seed=seed, impact=0.0))
    market = replay(SimulatedSession(hours, stream))
    stream.close()
    day = market.samples(symbol)
    if day is None:
        raise ValueError(f"seed {seed} has no samples")
    latches = day.latches
    alert = latches["severity"] == SEVERITY_NAMES.index("alert")
    turns = np.flatnonzero(np.diff(latches["setup"])) + 1
    runs = np.diff([0, *turns, len(day)])
    return RuledDay(
        symbol=symbol,
        seed=seed,
        severity=_shares(latches["severity"], len(SEVERITY_NAMES)),
        alerts=int(alert[0]) + int(np.count_nonzero(np.diff(alert.astype(np.int8)) == 1)),
        changes=len(turns),
        short_runs=float((runs <= _SHORT).mean()),
        label_changes=int(np.count_nonzero(np.diff(day.figures["regime"]))),
        setups=_shares(latches["setup"], len(SETUP_NAMES)),
        hints=tuple(_hints_of(day, turns.tolist())),
    )


def _shares(codes: np.ndarray[tuple[int, ...], np.dtype[np.int8]], count: int) -> tuple[float, ...]:
    return tuple(float((codes == code).mean()) for code in range(count))


def _hints_of(day: SampleDay, turns: list[int]) -> Iterator[Hint]:
    close = np.array(day.inputs["spot"][np.isfinite(day.inputs["spot"])][-1:])
    for row in turns:
        state = state_at(day, row)
        decision = None if state is None else decision_at(day, row, state)
        if decision is None:
            continue
        position = decision.positions.get(decision.memory.primary)
        if position is None:
            continue
        paid = sum(float(leg.payoff(close)[0]) for leg in position.legs)
        sigma = decision.state.surface.sigma
        yield Hint(
            decision.memory.primary,
            (position.at_mid + paid) / sigma,
            (position.at_natural + paid) / sigma,
        )


def _behaviour(groups: dict[str, list[RuledDay]]) -> Table:
    rows = []
    for name, days in groups.items():
        severity = np.mean([day.severity for day in days], axis=0).tolist()
        rows.append(
            (
                name,
                len(days),
                *severity,
                float(np.mean([day.alerts for day in days])),
                float(np.mean([day.changes for day in days])),
                float(np.mean([day.short_runs for day in days])),
                float(np.mean([day.label_changes for day in days])),
            )
        )
    title = (
        "Severity and changes, means over days (bars: info at least 0.45, alert at most 0.08 of "
        "samples and 5 episodes, 20 changes of the primary, 0.03 short runs, 6 label changes)"
    )
    columns = ("seeds", "days", *SEVERITY_NAMES, "alert episodes", "changes of primary",
               "short runs", "label changes")  # fmt: skip
    return Table(title, columns, tuple(rows))


def _setups(groups: dict[str, list[RuledDay]]) -> Table:
    rows = []
    for name, days in groups.items():
        shares = np.array([day.setups for day in days])
        for code, setup in enumerate(SETUP_NAMES):
            seen = int((shares[:, code] > 0.0).sum())
            rows.append((name, setup, float(shares[:, code].mean()), seen))
    title = "Setups: share of samples, and days on which each appears (bar: 4 seeds)"
    return Table(title, ("seeds", "setup", "share", "days"), tuple(rows))


def _hints(groups: dict[str, list[RuledDay]]) -> Table:
    rows = []
    for name, days in groups.items():
        for rule in SETUPS:
            hints = [hint for day in days for hint in day.hints if hint.setup == rule.name]
            made = np.array([hint.profit for hint in hints])
            natural = np.array([hint.natural for hint in hints])
            count = len(hints)
            error = float(made.std(ddof=1) / math.sqrt(count)) if count > 1 else math.nan
            mean = float(made.mean()) if count else math.nan
            rows.append(
                (
                    name,
                    rule.name,
                    count,
                    mean,
                    error,
                    mean / error if error > 0.0 else math.nan,
                    float(natural.mean()) if count else math.nan,
                )
            )
    title = (
        "Hints at their first appearance, held to the close, in remaining sigmas (bar: |mean| at "
        "mid within 3 standard errors of 0)"
    )
    columns = ("seeds", "setup", "hints", "mean at mid", "standard error", "z", "mean at natural")
    return Table(title, columns, tuple(rows))
