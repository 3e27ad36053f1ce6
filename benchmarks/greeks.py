"""Five greeks of 1,000 contracts."""

import math
from collections.abc import Callable

import numpy as np
import QuantLib as ql  # noqa: N813 (its own name for itself)
from scipy.special import ndtr  # type: ignore[import-untyped]

from benchmarks.chain import FORWARD, IS_CALL, STRIKE, TAU, VOL
from benchmarks.harness import Row, compare
from zerodte.pricing import black


def quantlib_loop() -> Callable[[], object]:
    """A loop over QuantLib's calculator."""
    rights = [ql.Option.Call if call else ql.Option.Put for call in IS_CALL.tolist()]
    # Payoffs are built beforehand and charm is skipped, both in the peer's favour.
    payoffs = [
        ql.PlainVanillaPayoff(right, strike)
        for right, strike in zip(rights, STRIKE.tolist(), strict=True)
    ]
    deviations = (VOL * math.sqrt(TAU)).tolist()

    def quantlib() -> list[tuple[float, ...]]:
        greeks: list[tuple[float, ...]] = []
        for payoff, deviation in zip(payoffs, deviations, strict=True):
            calculator = ql.BlackCalculator(payoff, FORWARD, deviation)
            greeks.append(
                (
                    calculator.deltaForward(),
                    calculator.gammaForward(),
                    calculator.theta(FORWARD, TAU),
                    calculator.vanna(FORWARD, TAU),
                )
            )
        return greeks

    return quantlib


def rows() -> list[Row]:
    """Ours compared with a loop over QuantLib's calculator, and with numpy and scipy."""
    return compare(
        "five greeks, 1,000 contracts",
        lambda: black.greeks(FORWARD, STRIKE, TAU, VOL, IS_CALL),
        QuantLib_loop=quantlib_loop(),
        numpy=with_numpy,
    )


def with_numpy() -> tuple[np.ndarray, ...]:
    """The formulas as array expressions."""
    deviation = VOL * math.sqrt(TAU)
    d1 = np.log(FORWARD / STRIKE) / deviation + deviation / 2
    d2 = d1 - deviation
    density = np.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    delta = np.where(IS_CALL, ndtr(d1), -ndtr(-d1))
    gamma = density / (FORWARD * deviation)
    theta = -FORWARD * density * VOL / (2 * math.sqrt(TAU))
    vanna = -density * d2 / VOL
    charm = density * d2 / (2 * TAU)
    return delta, gamma, theta, vanna, charm
