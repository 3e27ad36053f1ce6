"""The strikes that would express each setup: only such as somebody quotes."""

import numpy as np

from zerodte.constants import CONDOR_SHORT, CONDOR_WING
from zerodte.decision.structure import Offers, OptionLeg, Position, position_of
from zerodte.engine.chain_inputs import CALL, PUT


def iron_fly(offers: Offers, magnet: float, sigma: float) -> Position | None:
    """Both shorts at the magnet, wings at the first offers at or beyond one sigma from it.

    Args:
        offers: The chain's.
        magnet: Dollars.
        sigma: Remaining, dollars.
    """
    return position_of(
        offers.sale(CALL, magnet),
        offers.sale(PUT, magnet),
        offers.first_purchase(CALL, magnet + sigma),
        offers.first_purchase(PUT, magnet - sigma),
    )


def iron_condor(
    offers: Offers, spot: float, sigma: float, call_wall: float, put_wall: float
) -> Position | None:
    """Shorts at or behind the walls, 1 to 1.5 sigmas out; wings half a sigma further.

    Args:
        offers: The chain's.
        spot: Dollars.
        sigma: Remaining, dollars.
        call_wall: Dollars; NaN where there is none.
        put_wall: Likewise.
    """
    nearest, furthest = CONDOR_SHORT
    up = min(max(nearest * sigma, _or_zero(call_wall - spot)), furthest * sigma)
    down = min(max(nearest * sigma, _or_zero(spot - put_wall)), furthest * sigma)
    call, put = offers.first_sale(CALL, spot + up), offers.first_sale(PUT, spot - down)
    if call is None or put is None:
        return None
    wing = CONDOR_WING * sigma
    return position_of(
        call,
        put,
        offers.first_purchase(CALL, call.strike + wing),
        offers.first_purchase(PUT, put.strike - wing),
    )


def vertical(offers: Offers, spot: float, sigma: float, direction: float) -> Position | None:
    """Bought at the money, sold at the first bid at or beyond one sigma in the direction.

    Args:
        offers: The chain's.
        spot: Dollars.
        sigma: Remaining, dollars.
        direction: Above zero: up. NaN and 0 have none.
    """
    if not abs(direction) > 0.0:
        return None
    right, sign = (CALL, 1.0) if direction > 0.0 else (PUT, -1.0)
    nearest = float(offers.strikes[int(np.argmin(np.abs(offers.strikes - spot)))])
    bought: OptionLeg | None = offers.purchase(right, nearest)
    sold = offers.first_sale(right, spot + sign * sigma)
    if sold is not None and (sold.strike - nearest) * sign <= 0.0:
        return None
    return position_of(bought, sold)


def _or_zero(distance: float) -> float:
    return max(0.0, distance)
