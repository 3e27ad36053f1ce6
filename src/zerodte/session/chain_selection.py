"""What a sample keeps of a chain, and which chains are sampled how often."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zerodte.constants import NEAR_EXPIRIES, SEVEN_DAYS
from zerodte.engine.chain_inputs import CALL, ChainInputs
from zerodte.engine.exposure import net_gex
from zerodte.engine.state import Anchor, ChainState
from zerodte.engine.surface import Smile, gamma_on
from zerodte.market.contracts import Chain


@dataclass(frozen=True, eq=False, slots=True)
class SolvedChain:
    """A chain at a sample.

    Attributes:
        at: The sample's time, UTC ns.
        smile: Solved then, from cold.
        anchor: Volatility and gamma at the money.
        net_gex: On effective open interest, dollars per 1% move; NaN when it is unknown.
        settled_net_gex: On the morning's, likewise.
    """

    at: int
    smile: Smile
    anchor: Anchor
    net_gex: float
    settled_net_gex: float


def solved_chain(instant: ChainInputs, smile: Smile, forward: float, spot: float) -> SolvedChain:
    """What a chain leaves of a sample.

    Args:
        instant: What is known of it.
        smile: Solved from that.
        forward: Dollars.
        spot: The underlying's price, dollars.
    """
    gamma = gamma_on(smile, instant.clock, forward)
    atm = int(np.argmin(np.abs(smile.strikes - forward)))
    return SolvedChain(
        at=instant.clock.now,
        smile=smile,
        anchor=Anchor(smile.at(forward), float(gamma[atm])),
        net_gex=net_gex(gamma, instant.counted, spot),
        settled_net_gex=net_gex(gamma, instant.counted_official, spot),
    )


def solved_of(state: ChainState) -> SolvedChain:
    """The same where the chain is evaluated already."""
    surface = state.surface
    return SolvedChain(
        at=state.instant.clock.now,
        smile=surface.smile,
        anchor=Anchor(surface.atm_volatility, float(surface.greeks.gamma[CALL, surface.atm])),
        net_gex=state.exposures.net_gex,
        settled_net_gex=state.settled_net_gex,
    )


def anchor_chain(chains: Sequence[Chain], today: datetime.date) -> Chain | None:
    """The later expiry nearest seven days; the earlier, PM-settled, larger one on a tie."""
    return min(
        (chain for chain in chains if chain.expiry > today),
        key=lambda chain: (
            abs((chain.expiry - today).days - SEVEN_DAYS),
            chain.expiry,
            chain.am_settled,
            -len(chain.strikes),
        ),
        default=None,
    )


def near_chains(chains: Sequence[Chain], today: datetime.date) -> list[Chain]:
    """The chains sampled at full cadence: today's, the next expiries' and the seven-day anchor.

    Args:
        chains: A symbol's chains that have not expired, sorted by expiry.
        today: The session's date.
    """
    expiries = sorted({chain.expiry for chain in chains})[:NEAR_EXPIRIES]
    anchor = anchor_chain(chains, today)
    return [chain for chain in chains if chain.expiry in expiries or chain is anchor]


def total(values: Sequence[float]) -> float:
    """The sum of what is known; NaN when nothing is."""
    known = [value for value in values if np.isfinite(value)]
    return float(sum(known)) if known else float("nan")
