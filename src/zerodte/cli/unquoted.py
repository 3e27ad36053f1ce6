"""What a chain without a usable quote still tells: volume, open interest, max pain."""

import math

import numpy as np

from zerodte.arrays import F64
from zerodte.cli.grid import OutputConsole
from zerodte.engine.levels import max_pain
from zerodte.market.contracts import Chain
from zerodte.session.chain_observation import observe
from zerodte.session.session import Session

_DASH = "–"


def print_unquoted(session: Session, chain: Chain, reason: str) -> None:
    """Print what is known of a chain without its quotes, and why that is all."""
    (observation,) = observe(session.market, [chain], session.now)
    instant = observation.instant
    pain = max_pain(chain.strikes, instant.counted_official)
    spot = session.spot(chain.symbol)
    console = OutputConsole()
    console.print(f"{chain.symbol}, expiry {chain.expiry}, without quotes", style="bold")
    console.print(reason)
    for label, text in (
        ("spot", _DASH if spot is None else f"{spot.value:,.2f} ({spot.source})"),
        ("volume", _total(instant.volume)),
        ("open interest", _total(instant.official)),
        ("max pain", _DASH if math.isnan(pain) else f"{pain:,.2f}"),
    ):
        console.print(f"{label:<22} {text}")


def _total(counts: F64) -> str:
    """Calls and puts together; a dash where none is known."""
    is_known = np.isfinite(counts)
    return f"{counts[is_known].sum():,.0f}" if is_known.any() else _DASH
