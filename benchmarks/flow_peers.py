"""The peers of `benchmarks.flow`: the same day of trades in Polars, numpy and tclf.

Polars and numpy compute the same totals as the kernel. In their favour, they skip the checks for
trades without a side, and cannot undo a cancelled trade. The kernel is serial, so Polars gets one
thread too.
"""

import os
import warnings
from typing import Any

import numpy as np

from zerodte.arrays import I64
from zerodte.constants import MINUTE, OPENING_SHARE
from zerodte.engine.aggressor import SideRule
from zerodte.engine.flow import FlowLedger
from zerodte.engine.trades import Trades

os.environ.setdefault("POLARS_MAX_THREADS", "1")
import polars as pl  # it reads the setting now

#: The columns of a peer's totals, which are also `FlowLedger`'s.
TOTALS = ["bought", "sold", "unsigned", "delta_dollars", "gamma_dollars"]
TOTALS += ["opened", "net_bought", "customer_dollars", "variance"]
_SUMMED = ["delta_dollars", "gamma_dollars", "opened", "net_bought", "customer_dollars"]

_CENT = 10_000_000
_RULES = [
    SideRule.AT_ASK,
    SideRule.AT_BID,
    SideRule.ABOVE_MID,
    SideRule.BELOW_MID,
    SideRule.DEPTH,
    SideRule.TICK,
]


def fixed_point(flow: FlowLedger) -> tuple[list[int], int]:
    """The expected side by every rule and that of a whole quote, in hundredths."""
    rules = flow._rules[0]  # the same in every group of contracts
    return rules["expected"].tolist(), int(flow._totals["whole_quote"][0])


class Polars:
    """One lazy query for the classification of trades, and two over it for the totals."""

    def __init__(self, trades: Trades, begin: int, minutes: int, flow: FlowLedger) -> None:
        """Build the frame. Prices are converted to cents beforehand, in its favour."""
        bid, ask, bid_size, ask_size = trades.standing.T
        names = ("positions", "size", "received", "spot", "delta", "gamma")
        self._frame = pl.DataFrame(
            {
                **{name: getattr(trades, name) for name in names},
                "price": trades.price // _CENT,
                "bid": np.rint(bid * 100).astype(np.int64),
                "ask": np.rint(ask * 100).astype(np.int64),
                "bid_size": bid_size,
                "ask_size": ask_size,
            }
        )
        self._begin, self._minutes = begin, minutes
        self._expected, self._whole = fixed_point(flow)

    def __call__(self) -> dict[str, I64]:
        """Totals of the positions that traded, sorted."""
        classified = self._classified().collect()
        by_rule = classified.group_by("rule").agg(pl.len(), pl.col("size").sum())
        assert len(by_rule) <= len(SideRule)
        clusters = classified.lazy().group_by("positions", "minute").agg(pl.col("deviation").sum())
        variance = clusters.group_by("positions").agg(variance=(pl.col("deviation") ** 2).sum())
        signed, size = pl.col("signed"), pl.col("size")
        sums = classified.lazy().group_by("positions").agg(
            pl.col(*_SUMMED).sum(),
            bought=signed.clip(lower_bound=0).sum(),
            sold=-signed.clip(upper_bound=0).sum(),
            unsigned=size.filter(signed == 0).sum(),
        )  # fmt: skip
        totals = sums.join(variance, on="positions").sort("positions").collect()
        return {name: totals[name].to_numpy() for name in ["positions", *TOTALS]}

    def _classified(self) -> pl.LazyFrame:
        price, bid, ask, size = (pl.col(name) for name in ("price", "bid", "ask", "size"))
        bid_size, ask_size, signed = pl.col("bid_size"), pl.col("ask_size"), pl.col("signed")
        delta, gamma, spot = pl.col("delta"), pl.col("gamma"), pl.col("spot")
        before = price.shift(1).over("positions")
        reference = pl.when(before != price).then(before).forward_fill().over("positions")
        twice, both, tick = 2 * price, bid + ask, price - pl.col("reference").fill_null(price)
        by_price = pl.when(twice != both).then((twice - both).sign())
        side = by_price.when(ask_size != bid_size).then((ask_size - bid_size).sign().cast(pl.Int64))
        applies = (price >= ask, price <= bid, twice > both, twice < both, ask_size != bid_size)
        rule = pl.when(tick != 0).then(_RULES[-1]).otherwise(int(SideRule.NO_RULE))
        for when, then in zip(reversed(applies), reversed(_RULES[:-1]), strict=True):
            rule = pl.when(when).then(then).otherwise(rule)
        at_bid, at_ask = size == bid_size, size == ask_size
        expected = pl.when(at_bid != at_ask).then(self._whole).otherwise(self._by_rule())
        customer = pl.when(at_bid & ~at_ask).then(1).when(at_ask & ~at_bid).then(-1)
        minute = (pl.col("received") - self._begin) // MINUTE
        slot = minute * len(OPENING_SHARE) // self._minutes
        share = pl.when(slot < 4).then(60).when(slot < 9).then(40).otherwise(10)
        return (
            self._frame.lazy()
            .with_columns(reference=reference, minute=minute)
            .with_columns(side=side.otherwise(tick.sign()), rule=rule)
            .with_columns(signed=pl.col("side") * size, customer=customer.otherwise("side"))
            .with_columns(expected=pl.when(pl.col("customer") != 0).then(expected).otherwise(0))
            .with_columns(
                delta_dollars=_whole(signed * 100 * delta * spot),
                gamma_dollars=_whole(signed * 100 * gamma * spot * spot * 0.01),
                opened=size * share,
                net_bought=pl.col("customer") * size * pl.col("expected"),
                deviation=size * (10_000 - pl.col("expected") ** 2).sqrt().round().cast(pl.Int64),
                customer_dollars=_whole(
                    pl.col("customer") * size * (pl.col("expected") / 100) * 100 * delta * spot
                ),
            )
        )

    def _by_rule(self) -> pl.Expr:
        rule, values = pl.col("rule"), self._expected
        quote = pl.when(rule <= SideRule.BELOW_MID).then(values[SideRule.AT_ASK])
        depth = quote.when(rule == SideRule.DEPTH).then(values[SideRule.DEPTH])
        tick = depth.when(rule == SideRule.TICK).then(values[SideRule.TICK])
        return tick.otherwise(values[SideRule.NO_RULE])


def _whole(dollars: pl.Expr) -> pl.Expr:
    return dollars.round(mode="half_to_even").cast(pl.Int64)


def previous_different(trades: Trades) -> I64:
    """Each contract's previous different price, by a stable sort; 0 where there is none."""
    order = np.argsort(trades.positions, kind="stable")
    price, position = trades.price[order], trades.positions[order]
    is_first = np.append(True, position[1:] != position[:-1])
    before = np.append(0, price[:-1])
    begins = is_first | (price != before)
    run = np.maximum.accumulate(np.where(begins, np.arange(len(price)), 0))
    out = np.empty(len(price), np.int64)
    out[order] = np.where(is_first, 0, before)[run]
    return out


class Numpy:
    """Array expressions, and sums by position with bincount."""

    def __init__(self, trades: Trades, begin: int, minutes: int, flow: FlowLedger) -> None:
        """Store the trades."""
        self._trades, self._begin, self._minutes = trades, begin, minutes
        expected, self._whole = fixed_point(flow)
        self._expected = np.array(expected)

    def __call__(self) -> dict[str, I64]:
        """Totals of the positions that traded, sorted."""
        trades, count = self._trades, int(self._trades.positions.max()) + 1
        price, size, reference = trades.price, trades.size, previous_different(trades)
        bid, ask = np.rint(trades.standing[:, :2].T * 1e9).astype(np.int64)
        bid_size, ask_size = trades.standing[:, 2], trades.standing[:, 3]
        over, tick = 2 * price - bid - ask, np.where(reference > 0, price - reference, 0)
        applies = [price >= ask, price <= bid, over > 0, over < 0, ask_size != bid_size, tick != 0]
        rule = np.select(applies, [int(rule) for rule in _RULES], int(SideRule.NO_RULE))
        depth = np.sign(ask_size - bid_size).astype(np.int64)
        side = np.where(over != 0, np.sign(over), np.where(depth != 0, depth, np.sign(tick)))
        at_bid, at_ask = size == bid_size, size == ask_size
        customer = np.where(at_bid == at_ask, side, np.where(at_bid, 1, -1))
        assert len(customer) == len(side)
        assert np.bincount(rule, size).sum() == size.sum()
        minute = (trades.received - self._begin) // MINUTE
        share = np.rint(np.array(OPENING_SHARE) * 100)[minute * len(OPENING_SHARE) // self._minutes]
        signed, spot = side * size, trades.spot
        cells = trades.positions.astype(np.int64) * self._minutes + minute
        expected = np.where(at_bid == at_ask, self._expected[rule], self._whole) * (customer != 0)
        deviation = np.rint(np.sqrt(10_000 - expected**2))
        clusters = np.bincount(cells, size * deviation, count * self._minutes)
        columns = {
            "bought": np.maximum(signed, 0),
            "sold": np.maximum(-signed, 0),
            "unsigned": size * (side == 0),
            "delta_dollars": np.rint(signed * 100 * trades.delta * spot),
            "gamma_dollars": np.rint(signed * 100 * trades.gamma * spot * spot * 0.01),
            "opened": size * share,
            "net_bought": customer * size * expected,
            "customer_dollars": np.rint(
                customer * size * (expected / 100) * 100 * trades.delta * spot
            ),
        }
        sums = {k: np.bincount(trades.positions, v, count) for k, v in columns.items()}
        sums["variance"] = (clusters**2).reshape(count, self._minutes).sum(axis=1)
        traded = np.flatnonzero(np.bincount(trades.positions, minlength=count))
        totals = {name: value[traded].astype(np.int64) for name, value in sums.items()}
        return {"positions": traded, **totals}


class Tclf:
    """Classification only: no dollars or totals, and previous prices are given."""

    def __init__(self, trades: Trades) -> None:
        """Build its features."""
        from tclf.classical_classifier import ClassicalClassifier  # noqa: PLC0415 (may be missing)

        reference = previous_different(trades) / 1e9
        lag = np.where(reference > 0, reference, np.nan)
        self._table = np.column_stack([trades.price / 1e9, trades.standing, lag])
        names = "trade_price bid_best ask_best bid_size_best ask_size_best price_all_lag"
        rules = [("quote", "best"), ("depth", "best"), ("tick", "all")]
        self._rules = ClassicalClassifier(layers=rules, features=names.split(), strategy="const")

    def __call__(self) -> Any:
        """Sides."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return self._rules.fit(self._table).predict(self._table)
