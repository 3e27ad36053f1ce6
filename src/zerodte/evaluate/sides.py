"""The accuracy of trade classification: the aggressor's side, and the customer's."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool, Index
from zerodte.engine.aggressor import EVIDENCE, SideRule, expected_side
from zerodte.evaluate.observations import ALL, ReplayObservations, ScoreRows
from zerodte.evaluate.statistic import share
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records

#: Lower bounds of the buckets of |delta|.
_DELTAS: Final = (0.0, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9)

#: A trade that was not cancelled. Sides are 0 if unknown, true sides if both are customers.
_SCORED_TRADE: Final = np.dtype(
    [
        ("size", "<f8"),  # contracts
        ("side", "i1"),  # the aggressor's, as estimated
        ("customer", "i1"),  # the customer's, as estimated
        ("true_side", "i1"),
        ("true_customer", "i1"),
    ]
)


def score_sides(observations: ReplayObservations) -> ScoreRows:
    """Score sides by (kind, name): overall, by rule, moneyness, condition, expiry and symbol."""
    truth, estimates = observations.truth, observations.trades
    is_final = ~truth["is_cancelled"] & ~truth["is_cancel"] & (estimates["symbol"] >= 0)
    truth, estimates = truth[is_final], estimates[is_final]
    trades = np.empty(len(estimates), _SCORED_TRADE)
    for name in ("size", "side", "customer"):
        trades[name] = estimates[name]
    trades["true_customer"] = truth["customer_side"]
    trades["true_side"] = np.where(truth["is_limit"], -1, 1) * truth["customer_side"]
    out: ScoreRows = {(ALL, "all trades"): _score(trades)}
    for kind, (codes, names) in _groupings(observations, estimates["delta"], is_final).items():
        for code, name in names.items():
            if (which := codes == code).any():
                out[kind, name] = _score(trades[which])
    for rule in EVIDENCE:
        if (row := out.get(("rule", _name(rule)))) is not None:
            row["assumed"] = 0.5 * (1.0 + expected_side(rule))
    return out


def _groupings(
    observations: ReplayObservations, delta: F64, is_final: Bool
) -> dict[str, tuple[Index, Mapping[int, str]]]:
    """The groupings of trades: a code per trade, and the names of the codes."""
    estimates = observations.trades[is_final]
    size = np.abs(delta)
    bucket = np.where(np.isfinite(size), np.digitize(size, _DELTAS) - 1, len(_DELTAS))
    return {
        "rule": (estimates["rule"].astype(np.intp), {rule: _name(rule) for rule in SideRule}),
        "moneyness": (bucket, dict(enumerate((*_bucket_names(), "delta unknown")))),
        "condition": (
            estimates["condition"].astype(np.intp),
            {condition: _name(condition) for condition in Condition},
        ),
        "expiry": (estimates["same_day"].astype(np.intp), {1: "same day", 0: "later"}),
        "symbol": (estimates["symbol"].astype(np.intp), dict(enumerate(observations.symbols))),
    }


def _name(member: SideRule | Condition) -> str:
    return member.name.lower().replace("_", " ")


def _bucket_names() -> list[str]:
    ends = (*_DELTAS[1:], 1.0)
    return [f"|delta| {low:g} to {high:g}" for low, high in zip(_DELTAS, ends, strict=True)]


def _score(trades: Records) -> dict[str, float]:
    """Shares weighted by contracts; names that end in `_trades` are weighted by trades."""
    size, one = trades["size"], np.ones(len(trades))
    side, customer = trades["side"], trades["customer"]
    true_side, true_customer = trades["true_side"], trades["true_customer"]
    two_sided = true_customer == 0
    out = {
        "trades": float(len(one)),
        "contracts": float(size.sum()),
        "both_sides": share(two_sided, size),
    }
    for suffix, weights in (("", size), ("_trades", one)):
        known = weights * ~two_sided
        signed, customer_signed = known * (side != 0), known * (customer != 0)
        out[f"signed{suffix}"] = share(side != 0, weights)
        out[f"right{suffix}"] = share(side == true_side, signed)
        out[f"customer{suffix}"] = share(customer == true_customer, customer_signed)
        out[f"as_customer{suffix}"] = share(side == true_customer, signed)
    return out
