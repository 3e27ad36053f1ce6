"""Implied volatilities of 1,000 contracts, from prices on a nickel grid."""

import math
from itertools import starmap

import lbriv
import numpy as np
from vollib.black.implied_volatility import implied_volatility
from vollib.helpers.exceptions import PriceIsAboveMaximum, PriceIsBelowIntrinsic

from benchmarks.chain import FORWARD, IS_CALL, PRICE, STRIKE, TAU
from benchmarks.harness import Row, compare
from zerodte.pricing import implied


def rows() -> list[Row]:
    """Ours against lbriv's own vectorised call, and a loop over vollib."""
    sides = [
        (PRICE[side].copy(), STRIKE[side].copy(), sign)
        for side, sign in ((IS_CALL, 1), (~IS_CALL, -1))
    ]

    def with_lbriv() -> list[np.ndarray]:
        return [
            lbriv.vectorized_implied_vol_strikes(price, FORWARD, strike, sign) / math.sqrt(TAU)
            for price, strike, sign in sides
        ]

    flags = ["c" if call else "p" for call in IS_CALL.tolist()]
    contracts = list(zip(PRICE.tolist(), STRIKE.tolist(), flags, strict=True))

    def with_vollib() -> list[float]:
        return list(starmap(one_with_vollib, contracts))

    return compare(
        "implied volatilities, 1,000 contracts",
        lambda: implied.volatility(FORWARD, STRIKE, TAU, PRICE, IS_CALL),
        lbriv=with_lbriv,
        vollib=with_vollib,
    )


def one_with_vollib(price: float, strike: float, flag: str) -> float:
    """One contract; NaN where vollib sees no volatility."""
    try:
        return float(implied_volatility(price, FORWARD, strike, 0.0, TAU, flag))
    except (PriceIsAboveMaximum, PriceIsBelowIntrinsic):
        return math.nan
