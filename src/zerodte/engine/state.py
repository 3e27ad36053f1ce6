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
from zerodte.engine.jackknife import rests_on_single_quotes
from zerodte.engine.levels import ChainLevels, cluster_score, find_levels
from zerodte.engine.pin import Pin, pin
from zerodte.engine.plausibility import is_price, unremarkable
from zerodte.engine.quality import Quality, open_interest_known, quality
from zerodte.engine.regime import Regime, regime
from zerodte.engine.surface import Smile, Surface, surface_on
from zerodte.engine.volume import Activity, activity
from zerodte.pricing.forward import Parity


@dataclass(frozen=True, slots=True)
class Anchor:
    """The expiry nearest seven days, at the money; NaN where it is not known."""

    volatility: float = np.nan
    gamma: float = np.nan


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

    def settled(self) -> "ChainState":
        """The same on the morning's open interest, as if nothing had traded since."""
        return evaluate(
            self.instant.settled(),
            self.surface.smile,
            self.smile_at,
            self.surface.forward,
            self.spot,
            self.anchor,
        )


def spot_of(own: Spot | None, parity: Parity, *, is_today: bool) -> Spot:
    """The underlying's own fresh price if parity does not outvote it, else parity's forward.

    Args:
        own: Its price, or None.
        parity: Of the nearest chain that has any.
        is_today: Whether that expires today, in the session.
    """
    forward = parity.forward
    if own is None:
        return Spot(forward, "put_call_parity")
    apart = abs(own.value / forward - 1.0)
    if not is_price(own.value, parity, is_today):
        return Spot(forward, "put_call_parity", apart)
    return Spot(own.value, own.source, apart, unremarkable(own.value, parity, is_today=is_today))


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
    strikes, price, open_interest = instant.chain.strikes, spot.value, instant.counted
    interest, clock = held(open_interest), instant.clock
    surface = surface_on(smile, instant.chain, clock, forward)
    live = exposures(surface, clock, interest, price)
    if rests_on_single_quotes([(instant, surface, interest)]):
        live = replace(live, net_gex=np.nan)
    levels = find_levels(strikes, live, interest, price)
    flip = gamma_flip(instant, surface, interest, price)
    known = open_interest_known(instant, surface)
    if live.is_withheld:  # a hedge is the same gamma, over a move
        hedged = np.full_like(open_interest, np.nan)
        convexity_at_spot = np.nan
    else:
        hedged = open_interest
        convexity_at_spot = convexity(strikes, live.net_by_strike, price)
    atm_gamma = float(surface.greeks.gamma[CALL, surface.atm])
    return ChainState(
        instant=instant,
        spot=spot,
        surface=surface,
        exposures=live,
        settled_net_gex=_settled_net_gex(instant, surface, price),
        flip=flip,
        levels=levels,
        cluster_score=cluster_score(_clustered(flip, levels), surface.sigma),
        pin=pin(live, levels, interest, price, surface.sigma, clock.elapsed_pct),
        regime=regime(
            live.net_gex, live.gross_gex, known, flip, is_doubtful=instant.quotes.has_refused
        ),
        hedges=hedges(
            surface,
            clock.tau,
            hedged,
            price,
            np.nan if clock.is_floored else surface.sigma,
        ),
        convexity=convexity_at_spot,
        smile_at=smile_at,
        straddle=straddle_of(instant, surface),
        skew=skew_25_delta(surface),
        gamma_acceleration=ratio(atm_gamma, anchor.gamma),
        anchor=anchor,
        activity=activity(instant, instant.effective, price),
        quality=quality(
            instant,
            surface,
            open_interest,
            spot,
            known,
            has_levels=flip.is_judged and not live.is_withheld,
        ),
    )


def _settled_net_gex(instant: ChainInputs, surface: Surface, spot: float) -> float:
    """Dollars per 1% move; NaN where it is unknown or withheld, as net GEX is."""
    if rests_on_single_quotes([(instant, surface, instant.counted_official)]):
        return np.nan
    return net_gex(surface.greeks.gamma[CALL], instant.counted_official, spot)


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


def straddle_of(instant: ChainInputs, surface: Surface) -> float:
    """Call plus put mid at the money, dollars; NaN where no strike is at the money."""
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
