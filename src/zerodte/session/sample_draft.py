"""A sample on its way into memory: what it is made of, and the rows it becomes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.engine.chain_inputs import Spot
from zerodte.engine.inventory import Inventory
from zerodte.engine.regime import regime
from zerodte.engine.state import Anchor, KeyFigures
from zerodte.engine.surface import Smile
from zerodte.session.chain_observation import ChainObservation
from zerodte.session.sample import (
    FAULTS,
    FIGURES,
    FLIP_STATUSES,
    NO_CODE,
    NO_TIME,
    REGIMES,
    SPOT_SOURCES,
)

#: A row of `FIGURES` while no quote of the chain can be used, but for its two flows.
_NO_FIGURES: Final = tuple(
    np.nan if FIGURES[name].kind == "f" else NO_CODE for name in (FIGURES.names or ())[:-2]
)


@dataclass(frozen=True, eq=False, slots=True)
class SampleFigures:
    """What was computed of a chain at a sample, from quantised inputs.

    Attributes:
        outline: What a series shows.
        inventory: Dealers' own book.
    """

    outline: KeyFigures
    inventory: Inventory


@dataclass(frozen=True, eq=False, slots=True)
class SampleDraft:
    """A sample on its way into memory.

    Attributes:
        observation: What is known of the chain, quantised.
        spot: The underlying's price, or None.
        apart: How far apart the tape's own prices lie, a fraction.
        forward: Dollars; NaN where unknown.
        smile: On the chain's strikes; None where there never was one.
        smile_at: When it was solved, UTC ns.
        anchor: The expiry nearest seven days.
        others: Net GEX of the symbol's other chains, effective and settled.
        figures: What follows; None while no quote of the chain could be used.
    """

    observation: ChainObservation
    spot: Spot | None
    apart: float
    forward: float
    smile: Smile | None
    smile_at: int
    anchor: Anchor
    others: tuple[float, float]
    figures: SampleFigures | None


def inputs_row(sample: SampleDraft) -> tuple[object, ...]:
    """A row of `INPUTS`."""
    instant, spot = sample.observation.instant, sample.spot
    faults = instant.quotes.faults
    book = None if sample.figures is None else sample.figures.inventory
    estimates = (None,) * 4 if book is None else (book.gex, book.dex, book.vex, book.chex)
    return (
        instant.clock.now,
        np.nan if spot is None else spot.value,
        NO_CODE if spot is None else SPOT_SOURCES.index(spot.source),
        np.nan if spot is None else spot.disagreement,
        sample.apart,
        sample.forward,
        NO_TIME if sample.smile is None else sample.smile_at,
        sample.anchor.volatility,
        sample.anchor.gamma,
        instant.fresh,
        NO_TIME if instant.newest is None else instant.newest,
        sample.observation.has_trades,
        instant.classified_share,
        *sample.others,
        *(faults.get(reason, 0) for reason in FAULTS),
        *((np.nan,) * 3 if e is None else (e.mean, e.low, e.high) for e in estimates),
    )


def figures_row(sample: SampleDraft) -> tuple[object, ...]:
    """A row of `FIGURES`."""
    flows = sample.observation.delta_dollars.sum(axis=1).tolist()
    if sample.figures is None:
        return (*_NO_FIGURES, *flows)
    figures = sample.figures.outline
    live, levels = figures.exposures, figures.levels
    return (
        live.net_gex,
        live.gross_gex,
        live.net_dex,
        figures.flip.level,
        FLIP_STATUSES.index(figures.flip.status),
        levels.call_wall.strike,
        levels.put_wall.strike,
        levels.magnet.strike,
        figures.pin.score,
        REGIMES.index(regime(live.net_gex, live.gross_gex)),
        figures.surface.atm_volatility,
        float(live.charm_hour.sum()),
        *flows,
    )
