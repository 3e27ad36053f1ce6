"""The smile of a chain, and the prices and greeks that follow from it.

A smile is solved at samples, from cold; between samples the forward and the greeks move on the
last one, sticky by strike.
"""

from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.engine.chain_inputs import CALL, PUT, ChainClock, ChainInputs
from zerodte.market.contracts import Chain
from zerodte.pricing import black, implied
from zerodte.records.dbn import PRICE_SCALE


@dataclass(frozen=True, eq=False, slots=True)
class Smile:
    """A volatility for every strike of a chain, shared by both rights.

    Attributes:
        strikes: Dollars, shape (n,), ascending.
        volatility: Annual, shape (n,).
        quoted: Shape (n,), true where the strike's own quote gave the volatility, false where
            it was interpolated in total variance or held flat beyond the last quote.
        is_doubtful: Whether quotes of the chain were refused when it was solved.
    """

    strikes: F64
    volatility: F64
    quoted: Bool
    is_doubtful: bool = False

    def at(self, forward: float) -> float:
        """The volatility at the forward, dollars: interpolated in variance between strikes."""
        return float(np.sqrt(np.interp(forward, self.strikes, self.volatility**2)))

    def on(self, strikes: F64) -> "Smile":
        """The same smile on another grid, for strikes that were listed after it was solved."""
        if strikes is self.strikes or np.array_equal(strikes, self.strikes):
            return self
        variance = np.interp(strikes, self.strikes, self.volatility**2)
        known = self.strikes[self.quoted]
        return Smile(strikes, np.sqrt(variance), np.isin(strikes, known), self.is_doubtful)


@dataclass(frozen=True, eq=False, slots=True)
class Surface:
    """A chain's forward, smile and greeks at one instant.

    Attributes:
        forward: Dollars.
        smile: On the chain's strikes.
        atm: Index of the strike nearest the forward.
        total_variance: w, of the smile at the forward, until expiry.
        sigma: s = F sqrt(w), dollars: one standard deviation of what remains.
        whole_session_sigma: Dollars, of one whole session at the same level of volatility.
        atm_volatility: Annual, of the smile at the forward.
        greeks: Each of shape (2, n); theta and charm per year, gamma per 1.00. Charm is NaN
            where the floor of tau stands in for the time left: it goes with 1 / tau.
        otm_price: Model price of the out-of-the-money side, dollars, shape (n,).
    """

    forward: float
    smile: Smile
    atm: int
    total_variance: float
    sigma: float
    whole_session_sigma: float
    atm_volatility: float
    greeks: black.Greeks
    otm_price: F64


def solve_smile(instant: ChainInputs, forward: float) -> Smile | None:
    """Solve the smile from the out-of-the-money mids, cold.

    Missing strikes are interpolated in total variance between their neighbours and held flat
    beyond the last quoted one.

    Returns:
        The smile, or None when no out-of-the-money quote can be inverted.
    """
    strikes = instant.chain.strikes
    is_call = strikes >= forward
    mid = np.where(is_call, instant.mid[CALL], instant.mid[PUT])
    own = implied.volatility(forward, strikes, instant.clock.tau, mid, is_call)
    quoted = np.isfinite(own)
    if not quoted.any():
        return None
    variance = np.interp(strikes, strikes[quoted], own[quoted] ** 2)
    volatility = np.where(quoted, own, np.sqrt(variance))
    return Smile(strikes, volatility, quoted, instant.quotes.has_refused)


def surface_on(smile: Smile, chain: Chain, clock: ChainClock, forward: float) -> Surface:
    """Prices and greeks of `chain` at `forward` on a smile that stays with its strikes."""
    smile = smile.on(chain.strikes)
    strikes, volatility, tau = chain.strikes, smile.volatility, clock.tau
    greeks = black.chain_greeks(forward, strikes, tau, volatility)
    if clock.is_floored:
        greeks = greeks._replace(charm=np.full_like(greeks.charm, np.nan))
    atm_volatility = smile.at(forward)
    total_variance = atm_volatility**2 * tau
    share = clock.remaining_share
    whole = total_variance / share if share > 0.0 else np.nan
    return Surface(
        forward=forward,
        smile=smile,
        atm=int(np.argmin(np.abs(strikes - forward))),
        total_variance=total_variance,
        sigma=forward * float(np.sqrt(total_variance)),
        whole_session_sigma=forward * float(np.sqrt(whole)),
        atm_volatility=atm_volatility,
        greeks=greeks,
        otm_price=black.price(forward, strikes, tau, volatility, strikes >= forward),
    )


def gamma_on(smile: Smile, clock: ChainClock, forward: float) -> F64:
    """Gamma alone, by strike, shape (n,): calls and puts share it."""
    calls = np.ones(len(smile.strikes), np.bool_)
    return black.greeks(forward, smile.strikes, clock.tau, smile.volatility, calls).gamma


def own_volatility(instant: ChainInputs, forward: float) -> F64:
    """Each side's own implied volatility, shape (2, n); NaN where it cannot be inverted."""
    strikes, tau = np.tile(instant.chain.strikes, 2), instant.clock.tau
    rights = np.repeat((True, False), len(instant.chain.strikes))
    mids = instant.mid.reshape(-1)
    # In the money, a mid at its intrinsic value holds rounding and no time value.
    intrinsic = np.maximum(np.where(rights, forward - strikes, strikes - forward), 0.0)
    timed = np.where(mids - intrinsic > PRICE_SCALE, mids, np.nan)
    return implied.volatility(forward, strikes, tau, timed, rights).reshape(2, -1)
