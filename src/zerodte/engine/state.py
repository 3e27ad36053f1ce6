"""The whole of one chain at one instant: every figure the snapshot shows, computed once."""

from dataclasses import dataclass, replace

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import SKEW_DELTA, SKEW_TOLERANCE, STRADDLE_REACH
from zerodte.engine.arithmetic import ratio
from zerodte.engine.chain_inputs import CALL, PUT, ChainInputs, Spot
from zerodte.engine.exposure import ChainExposures, exposures, held, net_gex
from zerodte.engine.flip import Flip, gamma_flip
from zerodte.engine.hedging import Hedge, convexity, hedges
from zerodte.engine.jackknife import is_robust
from zerodte.engine.levels import ChainLevels, cluster_score, find_levels
from zerodte.engine.pin import Pin, pin
from zerodte.engine.plausibility import is_price
from zerodte.engine.quality import Quality, open_interest_known, quality
from zerodte.engine.regime import Regime, regime
from zerodte.engine.surface import Smile, Surface, surface_on
from zerodte.engine.volume import Activity, activity


@dataclass(frozen=True, slots=True)
class Anchor:
    """The expiry nearest seven days, at the money; NaN where it is not known."""

    volatility: float = np.nan
    gamma: float = np.nan


@dataclass(frozen=True, eq=False, slots=True)
class KeyFigures:
    """The figures of a chain that a series shows. Unknown figures are NaN.

    Attributes:
        surface: Forward, smile and greeks.
        exposures: On effective open interest.
        flip: Gamma flip with its status.
        levels: Walls, magnet, max pain.
        pin: Pin score with its components.
        regime: The sign of net GEX, where it may be claimed.
        open_interest_known: The share of open interest that is known.
    """

    surface: Surface
    exposures: ChainExposures
    flip: Flip
    levels: ChainLevels
    pin: Pin
    regime: Regime
    open_interest_known: float


@dataclass(frozen=True, eq=False, slots=True)
class ChainState:
    """One chain at one instant. Unknown figures are NaN; units are those of each part.

    Attributes:
        instant: What was known.
        spot: The underlying's price and its source.
        surface: Forward, smile and greeks.
        exposures: On effective open interest.
        settled_net_gex: Net GEX of the morning's open interest on the same surface.
        flip: Gamma flip with its status.
        levels: Walls, magnet, max pain.
        cluster_score: How close the levels lie together, 0 to 100.
        pin: Pin score with its components.
        regime: The sign of net GEX, where it may be claimed.
        hedges: What dealers trade at each move.
        convexity: Of per-strike net GEX around spot.
        smile_at: When the smile was solved, UTC ns.
        straddle: At-the-money call plus put mid, dollars; NaN where no strike is at the money.
        skew: Put minus call volatility at 25 delta, a fraction.
        gamma_acceleration: At-the-money gamma over that of the seven-day anchor.
        anchor: The expiry nearest seven days.
        activity: Volumes and open interest.
        quality: Scores.
    """

    instant: ChainInputs
    spot: Spot
    surface: Surface
    exposures: ChainExposures
    settled_net_gex: float
    flip: Flip
    levels: ChainLevels
    cluster_score: float
    pin: Pin
    regime: Regime
    hedges: tuple[Hedge, ...]
    convexity: float
    smile_at: int
    straddle: float
    skew: float
    gamma_acceleration: float
    anchor: Anchor
    activity: Activity
    quality: Quality

    @property
    def sigma(self) -> float:
        """Dollars, of what remains; NaN where the floor of tau stands in for the time left."""
        return np.nan if self.instant.clock.is_floored else self.surface.sigma

    @property
    def whole_session_sigma(self) -> float:
        """Dollars, of one whole session; likewise."""
        return np.nan if self.instant.clock.is_floored else self.surface.whole_session_sigma

    @property
    def atm_volatility(self) -> float:
        """Annual, of the smile at the forward; likewise."""
        return np.nan if self.instant.clock.is_floored else self.surface.atm_volatility


def spot_of(own: Spot | None, forward: float, strikes: int) -> Spot:
    """The underlying's own fresh price if parity does not outvote it, else parity's forward.

    Args:
        own: Its price, or None.
        forward: Of put-call parity, dollars.
        strikes: How many strikes that rests on.
    """
    if own is None:
        return Spot(forward, "put_call_parity")
    apart = abs(own.value / forward - 1.0)
    if not is_price(own.value, forward, strikes):
        return Spot(forward, "put_call_parity", apart)
    return Spot(own.value, own.source, apart)


def key_figures(instant: ChainInputs, smile: Smile, forward: float, spot: float) -> KeyFigures:
    """Compute what a series shows of a chain; arguments as in `evaluate`."""
    clock, open_interest = instant.clock, held(instant.effective)
    surface = surface_on(smile, instant.chain, clock, forward)
    live = exposures(surface, clock, open_interest, spot)
    if _is_withheld(instant, surface, open_interest):
        live = replace(live, net_gex=np.nan)
    levels = find_levels(instant.chain.strikes, live, open_interest, spot)
    flip = gamma_flip(instant, surface, open_interest, spot)
    known = open_interest_known(instant, surface)
    return KeyFigures(
        surface=surface,
        exposures=live,
        flip=flip,
        regime=regime(
            live.net_gex, live.gross_gex, known, flip, is_doubtful=instant.quotes.has_refused
        ),
        open_interest_known=known,
        levels=levels,
        pin=pin(live, levels, open_interest, spot, surface.sigma, clock.elapsed_pct),
    )


def evaluate(
    instant: ChainInputs, smile: Smile, smile_at: int, forward: float, spot: Spot, anchor: Anchor
) -> ChainState:
    """Compute every figure of a chain from what is known at an instant.

    Args:
        instant: Quotes, open interest, volume and clock.
        smile: The last sample's; it stays with its strikes.
        smile_at: When it was solved, UTC ns.
        forward: Dollars.
        spot: The underlying's price.
        anchor: The expiry nearest seven days.
    """
    strikes, price, open_interest = instant.chain.strikes, spot.value, instant.effective
    figures = key_figures(instant, smile, forward, price)
    surface, levels, live = figures.surface, figures.levels, figures.exposures
    atm_gamma = float(surface.greeks.gamma[CALL, surface.atm])
    return ChainState(
        instant=instant,
        spot=spot,
        surface=surface,
        exposures=live,
        settled_net_gex=_settled_net_gex(instant, surface, price),
        flip=figures.flip,
        levels=levels,
        cluster_score=cluster_score(_clustered(figures.flip, levels), surface.sigma),
        pin=figures.pin,
        regime=figures.regime,
        hedges=hedges(surface, instant.clock.tau, open_interest, price),
        convexity=convexity(strikes, live.net_by_strike, price),
        smile_at=smile_at,
        straddle=_straddle(instant, surface),
        skew=skew_25_delta(surface),
        gamma_acceleration=ratio(atm_gamma, anchor.gamma),
        anchor=anchor,
        activity=activity(instant, open_interest, price),
        quality=quality(instant, surface, open_interest, spot, figures.open_interest_known),
    )


def _settled_net_gex(instant: ChainInputs, surface: Surface, spot: float) -> float:
    """Dollars per 1% move; NaN where it is unknown or withheld, as net GEX is."""
    if _is_withheld(instant, surface, instant.official):
        return np.nan
    return net_gex(surface.greeks.gamma[CALL], instant.official, spot)


def _is_withheld(instant: ChainInputs, surface: Surface, open_interest: F64) -> bool:
    """Whether net GEX rests on single quotes of a chain of which some are wrong."""
    is_doubtful = surface.smile.is_doubtful or instant.is_doubtful
    return is_doubtful and not is_robust(surface, instant.clock, open_interest)


def skew_25_delta(surface: Surface) -> float:
    """Put minus call volatility at the contracts nearest 25 delta, a fraction.

    Returns:
        NaN when either side has no contract near enough.
    """
    volatility = []
    for right in (PUT, CALL):
        distance = np.abs(np.abs(surface.greeks.delta[right]) - SKEW_DELTA)
        nearest = int(np.argmin(distance))
        near = distance[nearest] <= SKEW_TOLERANCE
        volatility.append(surface.smile.volatility[nearest] if near else np.nan)
    return float(volatility[0] - volatility[1])


def _straddle(instant: ChainInputs, surface: Surface) -> float:
    distance = abs(instant.chain.strikes[surface.atm] - surface.forward)
    is_near = distance <= STRADDLE_REACH * surface.sigma
    return float(instant.mid[:, surface.atm].sum()) if is_near else np.nan


def _clustered(flip: Flip, levels: ChainLevels) -> F64:
    return np.array(
        (
            flip.level,
            levels.magnet.strike,
            levels.max_pain,
            levels.highest_open_interest.strike,
            levels.call_wall.strike,
            levels.put_wall.strike,
        )
    )
