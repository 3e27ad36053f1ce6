"""The figures that the rules look at: distances in sigmas, shares, and what the last half hour did.

A figure that is not known is NaN, and a condition on it fails.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import F64, I64
from zerodte.constants import MINUTE
from zerodte.decision.structure import Position
from zerodte.engine.arithmetic import ratio
from zerodte.engine.levels import at_strike
from zerodte.engine.regime import flow_shift
from zerodte.engine.state import ChainState
from zerodte.market.calendar import TradingSession
from zerodte.pricing.clock import remaining_variance_share

#: What a setup's legs are filed under.
FLY, CONDOR, VERTICAL = "iron_fly", "iron_condor", "directional_breakout"
#: Lengths of the windows that are looked back on, minutes.
_MOVE, _PACE = 15, 30
#: So many of the returns of the pace's window must be known, a share.
_KNOWN_RETURNS: Final = 0.8


@dataclass(frozen=True, eq=False, slots=True)
class Past:
    """The samples of a session up to and including the one at hand; first axis: the sample.

    Attributes:
        hours: The session.
        at: UTC ns, shape (m,), ascending.
        spot: Dollars, shape (m,).
        flow: Signed delta dollars since the open, calls and puts, shape (m,); NaN before a trade.
        magnet: The magnet that stood, dollars, shape (m,).
    """

    hours: TradingSession
    at: I64
    spot: F64
    flow: F64
    magnet: F64

    def before(self, minutes: float, values: F64) -> float:
        """A value so many minutes before the last sample; NaN where there was no sample then."""
        when = int(self.at[-1]) - round(minutes * MINUTE)
        row = int(np.searchsorted(self.at, when, side="right")) - 1
        return math.nan if row < 0 or when - int(self.at[row]) > MINUTE else float(values[row])

    def since(self, minutes: float) -> slice:
        """The rows of the last so many minutes."""
        when = int(self.at[-1]) - round(minutes * MINUTE)
        return slice(int(np.searchsorted(self.at, when)), len(self.at))

    def share(self, minutes: float) -> float:
        """The share of the session's variance of the last so many minutes, over what remains."""
        length = self.hours.minutes
        gone = (int(self.at[-1]) - self.hours.open) / MINUTE
        left = remaining_variance_share(gone, length)
        return ratio(remaining_variance_share(gone - minutes, length) - left, left)

    def realised(self, minutes: int) -> float:
        """Sum of squared one-minute log returns of the last minutes; NaN where too few are known.

        Unknown ones count as the mean of the others.
        """
        rows = self.since(minutes)
        on_minute = self.at[rows] % MINUTE == 0
        spots = self.spot[rows][on_minute]
        returns = np.diff(np.log(spots))
        known = returns[np.isfinite(returns)]
        if len(known) < _KNOWN_RETURNS * minutes:
            return math.nan
        return float((known**2).mean() * minutes)


def figures(
    state: ChainState,
    past: Past,
    magnet: float,
    walls: tuple[float, float],
    positions: Mapping[str, Position | None],
    events_ahead: int,
) -> dict[str, float]:
    """The figures by name.

    Args:
        state: The chain at its last sample.
        past: The samples up to it.
        magnet: The one that stands, dollars.
        walls: Call wall and put wall that stand, dollars.
        positions: By setup; None where it cannot be quoted.
        events_ahead: Scheduled events before the close.
    """
    sigma, spot = state.surface.sigma, state.spot.value
    clock = state.instant.clock
    left = 60.0 * clock.hours_left
    gone = (clock.now - past.hours.open) / MINUTE
    distance = abs(spot - magnet) / sigma
    room = min(walls[0] - spot, spot - walls[1]) / sigma
    to_flip = _flip_distance(state)
    net_share = _net_share(state)
    shift = flow_shift(
        state.settled_net_gex,
        state.exposures.net_gex,
        state.instant.official,
        state.instant.effective,
    )
    # What flow did is not known before a trade, nor where one of the two figures is withheld.
    is_known = shift.label is not None and math.isfinite(past.flow[-1])
    fly, condor = positions.get(FLY), positions.get(CONDOR)
    return {
        "data_quality": state.quality.data,
        "minutes_gone": gone,
        "minutes_left": left,
        "events_ahead": float(events_ahead),
        "net_share": net_share,
        "magnet_distance": distance,
        "magnet_moved": _strikes_moved(state, past, magnet),
        "magnet_share": _share_at(state, magnet),
        "pin_score": state.pin.score,
        "flip_side": (spot - state.flip.level) / sigma,
        "flip_distance": to_flip,
        "wall_room": room,
        "edge_distance": 0.0 if room < 0.0 else to_flip,
        # Before that a pin is far, and no reason against a range.
        "off_pin": distance if left <= _PIN_MINUTES else math.inf,
        **_moves(state, past),
        "flow_dampens": float(shift.label == "dampening") if is_known else math.nan,
        "flow_flips": abs(net_share) if shift.label == "regime_flip" else 0.0,
        "fly_quoted": float(fly is not None),
        "fly_credit": _credit(fly),
        "condor_quoted": float(condor is not None),
        "condor_credit": _credit(condor),
        "vertical_quoted": float(positions.get(VERTICAL) is not None),
    }


_PIN_MINUTES: Final = 150.0


def _credit(position: Position | None) -> float:
    """What is received at the natural price, a share of the width; NaN where not quoted."""
    return math.nan if position is None else ratio(position.at_natural, position.width)


def move(state: ChainState, past: Past) -> float:
    """Spot's move of 15 minutes, in sigmas of such a time; NaN before there are as many."""
    sigma, spot = state.surface.sigma, state.spot.value
    moved = spot - past.before(_MOVE, past.spot)
    return moved / (sigma * math.sqrt(past.share(_MOVE))) if past.share(_MOVE) > 0.0 else math.nan


def _moves(state: ChainState, past: Past) -> dict[str, float]:
    moved = move(state, past)
    earlier, first = past.before(_MOVE, past.flow), past.before(2 * _MOVE, past.flow)
    # No flow at all goes neither way.
    flow, flow_before = float(past.flow[-1]) - earlier or math.nan, earlier - first
    implied = state.surface.total_variance * past.share(_PACE)
    gone = (int(past.at[-1]) - past.hours.open) / MINUTE
    paced = gone >= _PACE and implied > 0.0
    return {
        "move": abs(moved),
        "flow_with_move": math.copysign(1.0, moved) * ratio(flow, state.exposures.gross_gex),
        "flow_growth": ratio(abs(flow), abs(flow_before)),
        "realised_ratio": math.sqrt(past.realised(_PACE) / implied) if paced else math.nan,
    }


def _net_share(state: ChainState) -> float:
    """Net over gross GEX; NaN where its sign may not be claimed."""
    if state.regime == "unknown":
        return math.nan
    return ratio(state.exposures.net_gex, state.exposures.gross_gex)


def _flip_distance(state: ChainState) -> float:
    """Spot to the flip in sigmas; infinite where there is none, NaN where it is withheld."""
    if state.flip.status == "no_boundary":
        return math.inf
    return abs(state.spot.value - state.flip.level) / state.surface.sigma


def _strikes_moved(state: ChainState, past: Past, magnet: float) -> float:
    """How far the magnet was from where it is, in the last minutes at most, in strikes."""
    strikes = state.instant.chain.strikes
    if math.isnan(past.before(_MOVE, past.magnet)):
        return math.nan
    stood = past.magnet[past.since(_MOVE)]
    places = np.searchsorted(strikes, stood[np.isfinite(stood)])
    if not len(places):
        return math.nan
    return float(np.abs(places - np.searchsorted(strikes, magnet)).max())


def _share_at(state: ChainState, strike: float) -> float:
    """The strike's share of the sum of |net GEX|, with its sign; NaN where unknown."""
    net = state.exposures.net_by_strike
    return ratio(at_strike(state.instant.chain.strikes, net, strike), float(np.abs(net).sum()))
