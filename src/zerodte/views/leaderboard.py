"""The leaderboard: one figure of every symbol's last sample, the largest first."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
import numpy as np

from zerodte.constants import LEADER_SAMPLES, NEUTRAL_SHARE
from zerodte.engine.arithmetic import ratio
from zerodte.session.sample import SampleDay
from zerodte.session.session import Session
from zerodte.views.frame import data_as_of
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.leaderboard import Leader, Leaderboard, LeaderboardQuery, LeaderMetric
from zerodte.wire.numbers import number, whole


def leaderboard(session: Session, source: Source, query: LeaderboardQuery) -> bytes:
    """The JSON of a leaderboard; its entries are empty without samples."""
    days = [day for symbol in session.symbols() if (day := session.samples(symbol))]
    contexts = [day.contexts[-1] for day in days]
    arrivals: dict[str, int] = {} if contexts else session.arrivals()
    for context in contexts:
        for name, at in context.arrivals.items():
            arrivals[name] = max(at, arrivals.get(name, at))
    answer = Leaderboard(
        source=source,
        data_as_of=data_as_of(arrivals),
        metric=query.metric,
        n=query.n,
        as_of=timestamp(max((context.at for context in contexts), default=session.now)),
        market_open=session.is_open,
        entries=_ranked(days, query.metric)[: query.n],
    )
    return msgspec.json.encode(answer)


def _ranked(days: Iterable[SampleDay], metric: LeaderMetric) -> list[Leader]:
    figures = ((day.symbol, _METRICS[metric](day)) for day in days)
    known = [(symbol, value) for symbol, value in figures if value is not None]
    known.sort(key=lambda entry: (-entry[1], entry[0]))
    return [
        Leader(rank=rank, symbol=symbol, value=value)
        for rank, (symbol, value) in enumerate(known, 1)
    ]


def _heat(day: SampleDay) -> float | None:
    last = day.figures[-1]
    flow = abs(int(last["call_flow"]) + int(last["put_flow"]))
    against = np.maximum(abs(last["net_gex"]), NEUTRAL_SHARE * last["gross_gex"])
    return number(ratio(float(flow), float(against))) if _has_trades(day) else None


def _pin_risk(day: SampleDay) -> float | None:
    return whole(float(day.figures[-1]["pin_score"]))


def _absolute_flow(day: SampleDay) -> float | None:
    flows = [day.figures[name][-LEADER_SAMPLES - 1 :] for name in ("call_flow", "put_flow")]
    begun = len(day) > LEADER_SAMPLES  # else the window reaches back to the open
    moved = sum(abs(int(flow[-1]) - int(flow[0]) * begun) for flow in flows)
    return moved if _has_trades(day) else None


def _charm_intensity(day: SampleDay) -> float | None:
    return number(abs(float(day.figures[-1]["charm_hour"])))


def _has_trades(day: SampleDay) -> bool:
    return bool(day.inputs[-1]["has_trades"])


_METRICS: Final[Mapping[LeaderMetric, Callable[[SampleDay], float | None]]] = {
    "heat": _heat,
    "pin_risk": _pin_risk,
    "abs_flow": _absolute_flow,
    "charm_intensity": _charm_intensity,
}
