"""The chain that the pricing benchmarks share: 1,000 contracts, one hour before the close."""

import numpy as np

from zerodte.pricing import black

FORWARD = 6000.0
TAU = 60 / (390 * 252)
_SIDE = np.linspace(0.92 * FORWARD, 1.08 * FORWARD, 500).round(2)
_SMILE = 0.16 + 1.1 * (np.abs(np.log(_SIDE / FORWARD)) / 0.08) ** 1.2

STRIKE = np.concatenate([_SIDE, _SIDE])
VOL = np.concatenate([_SMILE, _SMILE])
IS_CALL = np.arange(1000) < 500
#: Mids on a nickel grid, at least half a tick.
PRICE = np.maximum((black.price(FORWARD, STRIKE, TAU, VOL, IS_CALL) / 0.05).round() * 0.05, 0.025)
#: Sign x open interest x multiplier.
WEIGHT = np.where(IS_CALL, 100.0, -100.0) * np.random.default_rng(1).lognormal(5, 1.5, 1000).round()
