"""How far net GEX rests on single quotes of the smile: the jackknife.

Tukey, "Bias and confidence in not-quite large samples", Annals of Mathematical Statistics 29, 1958.
"""

import math
from collections.abc import Iterable

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import JACKKNIFE_LIMIT, LEAST_SMILE, SMILE_DISAGREEMENT, THIN_SMILE
from zerodte.engine.chain_inputs import CALL, SIGN, ChainClock, ChainInputs
from zerodte.engine.exposure import held
from zerodte.engine.surface import Smile, Surface, gamma_on


def rests_on_single_quotes(chains: Iterable[tuple[ChainInputs, Surface, F64]]) -> bool:
    """Whether net GEX of chains together would move without one of the quotes behind their smiles.

    Only chains of which some quote was refused are doubted, or whose few quotes disagree:
    elsewhere none is absurd.

    Args:
        chains: What is known of each, its surface, and its open interest in contracts, shape
            (2, n), NaN where unknown; a chain of which none is known adds nothing.
    """
    net = squares = 0.0
    for instant, surface, open_interest in chains:
        signed = (SIGN * held(open_interest)).sum(axis=0)
        if np.isnan(signed).any():
            continue
        net += float(surface.greeks.gamma[CALL] @ signed)
        smile = surface.smile
        if smile.is_doubtful or instant.quotes.has_refused or _disagrees(smile):
            squares += _move(surface, instant.clock, signed) ** 2
    return math.sqrt(squares) > JACKKNIFE_LIMIT * abs(net)


def _disagrees(smile: Smile) -> bool:
    """Whether a smile of few quotes has one that the others do not bear out."""
    quoted = np.flatnonzero(smile.quoted)
    if not 1 < len(quoted) < THIN_SMILE:
        return False
    strikes, logs = smile.strikes[quoted], np.log(smile.volatility[quoted])
    last = len(quoted) - 1
    for at in range(len(quoted)):
        others = np.delete(np.arange(len(quoted)), at)
        apart = abs(logs[at] - np.interp(strikes[at], strikes[others], logs[others]))
        if apart > SMILE_DISAGREEMENT[0 < at < last]:
            return True
    return False


def _move(surface: Surface, clock: ChainClock, signed: F64) -> float:
    """The root sum of squares of net gamma's moves, as one quote after the other is left out.

    Args:
        surface: Forward and smile.
        clock: Time to expiry.
        signed: Calls less puts, contracts, shape (n,).
    """
    smile, gamma = surface.smile, surface.greeks.gamma[CALL]
    quoted = np.flatnonzero(smile.quoted)
    if len(quoted) < LEAST_SMILE:
        return float(np.abs(gamma * signed).sum())
    squares = 0.0
    # What one quote moves ends at its neighbours, so every other one is left out at a time.
    for first in (0, 1):
        kept = quoted[1 - first :: 2]
        variance = np.interp(smile.strikes, smile.strikes[kept], smile.volatility[kept] ** 2)
        without = Smile(smile.strikes, np.sqrt(variance), smile.quoted)
        moved = (gamma_on(without, clock, surface.forward) - gamma) * signed
        between = np.concatenate(([0], kept)) if kept[0] else kept
        squares += float(np.square(np.add.reduceat(moved, between)).sum())
    return math.sqrt(squares)
