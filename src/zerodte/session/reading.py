"""What an answer about one chain at one instant is made of, live or from a sample."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.constants import MINUTE, SPOT_DISAGREEMENT
from zerodte.engine.aggressor import SideRule
from zerodte.engine.chain_inputs import ChainInputs, Quotes, Spot, gather
from zerodte.engine.inventory import Estimate, Inventory, NetPurchases
from zerodte.engine.open_interest import MovedInterest
from zerodte.engine.plausibility import VERDICTS
from zerodte.engine.state import Anchor, ChainState, evaluate
from zerodte.engine.surface import Smile
from zerodte.engine.volume import volume_of
from zerodte.market.contracts import Chain
from zerodte.session.chain_selection import total
from zerodte.session.expiry_distance import ExpiryDistance, clock_at
from zerodte.session.sample import (
    FAULTS,
    NO_CODE,
    NO_TIME,
    OI_METHODS,
    SPOT_SOURCES,
    Row,
    SampleContext,
    SampleDay,
    dollars,
)

#: A same-day chain expires at today's close: nothing lies between.
_TODAY = ExpiryDistance(sessions=0, minutes=0.0, am_settled=False)


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """Everything that an answer about one chain at one instant shows.

    Attributes:
        state: The chain, on the open interest that was asked for.
        live: The same on effective open interest.
        others_net_gex: Of the symbol's other chains, on the open interest of `state`, dollars per
            1% move; NaN where there is none or it is unknown.
        inventory: Dealers' own book.
        purchases: What customers are expected to have bought, by strike.
        interest: How effective open interest was moved since the morning.
        has_trades: Whether a trade of the symbol has come; before that its flow is unknown.
        smile_is_old: Whether its smile missed a sample since it was solved.
        apart: How far apart the tape's own prices of the symbol lie, a fraction.
        volume_by_rule: Contracts of the chain's trades by the rule that decided; none at 0.
        context: The instant, and the symbol's inputs up to then.
    """

    state: ChainState
    live: ChainState
    others_net_gex: float
    inventory: Inventory
    purchases: NetPurchases
    interest: MovedInterest
    has_trades: bool
    smile_is_old: bool
    apart: float
    volume_by_rule: Mapping[str, int]
    context: SampleContext

    @property
    def total_net_gex(self) -> float:
        """Net GEX of the symbol's whole chain; NaN where that of `state` is withheld or unknown."""
        if math.isnan(self.state.exposures.net_gex):
            return math.nan
        return total([self.state.exposures.net_gex, self.others_net_gex])


def is_old(smile_at: int, sampled: int) -> bool:
    """Whether a smile of `smile_at` missed a sample since; far expiries have one a minute."""
    return smile_at <= sampled - MINUTE


def by_rule(volume: I64) -> dict[str, int]:
    """Contracts by the name of the rule that decided, in lower case; none at 0."""
    return {
        SideRule(rule).name.lower(): count for rule, count in enumerate(volume.tolist()) if count
    }


def reading_at(day: SampleDay, row: int, *, settled: bool = False) -> Reading | None:
    """What a sample says; None where no quote of the chain could be used.

    Args:
        day: The symbol's samples.
        row: Which of them.
        settled: On the morning's open interest instead of the effective one.
    """
    live = state_at(day, row)
    if live is None:
        return None
    inputs = day.inputs[row]
    others = inputs["others_settled_net_gex" if settled else "others_net_gex"]
    books = (inputs[name].tolist() for name in ("book_gex", "book_dex", "book_vex", "book_chex"))
    return Reading(
        state=live.settled() if settled else live,
        live=live,
        others_net_gex=float(others),
        inventory=Inventory(*(Estimate(*book) for book in books)),
        purchases=purchases_at(day, row),
        interest=interest_at(day, row),
        has_trades=bool(inputs["has_trades"]),
        smile_is_old=is_old(int(inputs["smile_at"]), int(inputs["at"])),
        apart=float(inputs["apart"]),
        volume_by_rule=by_rule(day.volume_by_rule[row]),
        context=day.contexts[row],
    )


def state_at(day: SampleDay, row: int) -> ChainState | None:
    """The chain at a sample, on effective open interest; None as `reading_at`."""
    inputs = day.inputs[row]
    if not carries_strikes(inputs):
        return None
    return evaluate(
        inputs_at(day, row, day.chain(row)),
        smile_at(day, row),
        int(inputs["smile_at"]),
        float(inputs["forward"]),
        spot_at(day, row),
        Anchor(float(inputs["anchor_volatility"]), float(inputs["anchor_gamma"])),
    )


def carries_strikes(inputs: Row) -> Bool:
    """Whether samples have figures by strike: a smile, a forward and a spot to value them at.

    Args:
        inputs: A row of `INPUTS`, or rows.
    """
    is_known: Bool = (inputs["smile_at"] != NO_TIME) & np.isfinite(inputs["forward"])
    return is_known


def last_with_strikes(day: SampleDay) -> int | None:
    """The last sample that has figures by strike, or None."""
    rows = np.flatnonzero(carries_strikes(day.inputs))
    return int(rows[-1]) if len(rows) else None


def smile_at(day: SampleDay, row: int) -> Smile:
    """The smile of a sample that has figures by strike."""
    known = day.grid(row)
    columns = day.columns
    volatility, quoted = columns.volatility[row, known], columns.quoted[row, known]
    return Smile(day.strikes[known], volatility, quoted, _is_doubtful(day, row))


def purchases_at(day: SampleDay, row: int) -> NetPurchases:
    """What customers are expected to have bought by a sample, on the strikes it knew."""
    known, columns = day.grid(row), day.columns
    return NetPurchases(
        columns.net_bought[row, known],
        columns.bought_variance[row, known],
        columns.contracts[row][:, known].astype(np.float64),
    )


def spot_at(day: SampleDay, row: int) -> Spot:
    """The underlying's price at a sample."""
    inputs = day.inputs[row]
    source = SPOT_SOURCES[inputs["spot_source"]]
    tolerance = float(inputs["spot_tolerance"])
    if math.isnan(tolerance):  # of an older file
        tolerance = SPOT_DISAGREEMENT
    return Spot(float(inputs["spot"]), source, float(inputs["disagreement"]), tolerance)


def interest_at(day: SampleDay, row: int) -> MovedInterest:
    """How open interest was moved up to a sample."""
    inputs = day.inputs[row]
    method = None if inputs["oi_method"] == NO_CODE else OI_METHODS[inputs["oi_method"]]
    return MovedInterest(method, float(inputs["simulated_oi"]))


def _is_doubtful(day: SampleDay, row: int) -> bool:
    """Whether quotes were refused when a sample's smile was solved; it may be an earlier one's."""
    solved = day.inputs[max(day.row_at(int(day.inputs["smile_at"][row])), 0)]
    return any(solved[name.replace(" ", "_")] for name in VERDICTS.values())


def inputs_at(day: SampleDay, row: int, chain: Chain) -> ChainInputs:
    """What was known of the chain at a sample; `chain` as `SampleDay.chain` gives it."""
    inputs, columns, statistics = day.inputs[row], day.columns, day.statistics_at(row)
    faults = {reason: int(inputs[reason.replace(" ", "_")]) for reason in FAULTS}
    newest = int(inputs["newest"])

    def column(values: F64) -> F64:
        return gather(values.reshape(-1), chain)

    return ChainInputs(
        chain=chain,
        clock=clock_at(int(inputs["at"]), day.hours, _TODAY),
        fresh=bool(inputs["fresh"]),
        newest=None if newest == NO_TIME else newest,
        quotes=Quotes(
            mid=column(dollars(columns.mid[row])),
            spread=column(dollars(columns.spread[row])),
            faults={reason: count for reason, count in faults.items() if count},
            offer=column(dollars(columns.offer[row])),
        ),
        official=column(statistics.official.astype(np.float64)),
        effective=column(columns.open_interest[row].astype(np.float64)),
        volume=volume_of(
            column(statistics.cleared.astype(np.float64)),
            column(columns.contracts[row].astype(np.float64)),
            chain.listed,
            has_trades=bool(inputs["has_trades"]),
        ),
        oi_as_of=statistics.oi_as_of,
        classified_share=float(inputs["classified_share"]),
    )
