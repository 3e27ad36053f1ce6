"""Scores of a small tape, compared with Polars, SciPy and plain arithmetic."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats  # type: ignore[import-untyped]

from evaluate.small_tape import LISTED, MINUTES, Facts, minute_end
from session.made_tape import DATE, hours
from zerodte.arrays import F64
from zerodte.constants import MINUTE
from zerodte.engine.aggressor import SideRule
from zerodte.engine.exposure import ChainExposures
from zerodte.evaluate.gamma import CONVENTIONS, DAY, INVENTORY, score_gamma
from zerodte.evaluate.hedging import score_hedging
from zerodte.evaluate.interest import score_interest, score_levels
from zerodte.evaluate.observations import ALL, MINUTE_ESTIMATES, ReplayObservations
from zerodte.evaluate.replay_observer import ReplayObserver
from zerodte.evaluate.sides import score_sides
from zerodte.evaluate.truth import read_truth
from zerodte.records.condition import Condition
from zerodte.records.dbn import Records
from zerodte.records.tick import Tick
from zerodte.records.truth import TRADE_TRUTH
from zerodte.runtime.replay import replay
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.reading import Reading
from zerodte.session.session import Session
from zerodte.tape.folder import Tape

LAST = "09:45"


class PlainReplay:
    """A replay that is observed for scores, and recorded plainly beside that.

    Attributes:
        trades: A row of every trade record.
        states: The state of each same-day chain at each minute, by symbol.
    """

    def __init__(self, tape: Tape, made: Facts) -> None:
        observer = ReplayObserver(read_truth(tape))
        rows: list[dict[str, float]] = []
        self.readings: dict[str, list[Reading]] = {"ABC": [], "XYZ": []}

        def watch(session: Session, tick: Tick, judged: list[ClassifiedTrades]) -> None:
            observer.observe(session, tick, judged)
            rows.extend(row for trades in judged for row in _rows(trades, tick.end))
            if tick.end % MINUTE == 0 and tick.end > tape.session.open:
                for symbol, states in self.readings.items():
                    states.append(_reading(session, symbol))

        session = replay(tape, watch=watch)
        self.observations: ReplayObservations = observer.finish(session)
        listed = pl.DataFrame(
            {
                "instrument_id": np.arange(1, len(LISTED) + 1, dtype=np.uint32),
                "symbol": [c.root for c in LISTED],
                "same_day": [c.expiry == DATE for c in LISTED],
                "settled": made.settled,
            }
        )
        truth = pl.DataFrame({n: made.trade_truth[n] for n in made.trade_truth.dtype.names or ()})
        judged = pl.DataFrame(rows, schema_overrides={"side": pl.Int8, "customer": pl.Int8})
        conditions = pl.DataFrame({"condition": made.conditions, "size": made.trades["size"]})
        self.listed = listed
        self.trades = pl.concat((truth, judged, conditions), how="horizontal").join(
            listed, on="instrument_id", how="left", maintain_order="left"
        )


def _reading(session: Session, symbol: str) -> Reading:
    chain = session.chain(symbol)
    assert chain is not None
    state = session.reading(chain)
    assert state is not None
    return state


def _rows(trades: ClassifiedTrades, end: int) -> Iterator[dict[str, float]]:
    for place in range(len(trades.batch.records)):
        classifications = {
            name: column[place].item() for name, column in trades.classifications._asdict().items()
        }
        valued = {name: column[place].item() for name, column in trades.valued._asdict().items()}
        yield {**classifications, **valued, "end": end}


@pytest.fixture(scope="module")
def plain(tape: Tape, made: Facts) -> PlainReplay:
    return PlainReplay(tape, made)


@pytest.mark.drill
def test_trades_are_valued_at_what_their_dollars_say(plain: PlainReplay) -> None:
    shares = pl.col("side") * pl.col("size") * 100.0 * pl.col("delta") * pl.col("spot")
    signed = plain.trades.filter(pl.col("side") != 0, ~pl.col("is_cancel"))
    assert len(signed) > 2_000
    missed = (pl.col("delta_dollars") - shares).abs().max()
    assert signed.select(missed).item() <= 0.5 + 1e-6


def test_sides(plain: PlainReplay) -> None:
    rows = score_sides(plain.observations)
    stood = plain.trades.filter(~pl.col("is_cancelled"), ~pl.col("is_cancel"))
    assert_like(rows[ALL, "all trades"], stood)
    for rule, part in stood.group_by("rule"):
        assert_like(rows["rule", name(SideRule(int(rule[0])))], part)
    for condition, part in stood.group_by("condition"):
        kind = Condition(int(condition[0]))
        assert_like(rows["condition", name(kind)], part)
    for symbol, part in stood.group_by("symbol"):
        assert_like(rows["symbol", str(symbol[0])], part)
    for same_day, part in stood.group_by("same_day"):
        assert_like(rows["expiry", "same day" if same_day[0] else "later"], part)
    near = stood.filter(pl.col("delta").abs().is_between(0.4, 0.6, closed="left"))
    assert_like(rows["moneyness", "|delta| 0.4 to 0.6"], near)
    assert rows["rule", "at ask"]["assumed"] == pytest.approx(1 - 0.27)


def name(member: SideRule | Condition) -> str:
    return member.name.lower().replace("_", " ")


def assert_like(row: dict[str, float], trades: pl.DataFrame) -> None:
    """A row of sides against the same trades counted by Polars."""
    one_sided = trades.filter(pl.col("customer_side") != 0).with_columns(
        true_side=pl.when("is_limit").then(-pl.col("customer_side")).otherwise("customer_side")
    )
    signed, told = (one_sided.filter(pl.col(side) != 0) for side in ("side", "customer"))
    twin = {
        "trades": len(trades),
        "contracts": trades["size"].sum(),
        "both_sides": of_contracts(trades, pl.col("customer_side") == 0),
        "signed": of_contracts(trades, pl.col("side") != 0),
        "right": of_contracts(signed, pl.col("side") == pl.col("true_side")),
        "customer": of_contracts(told, pl.col("customer") == pl.col("customer_side")),
        "as_customer": of_contracts(signed, pl.col("side") == pl.col("customer_side")),
        "signed_trades": (trades["side"] != 0).mean(),
        "right_trades": (signed["side"] == signed["true_side"]).mean(),
        "customer_trades": (told["customer"] == told["customer_side"]).mean(),
        "as_customer_trades": (signed["side"] == signed["customer_side"]).mean(),
    }
    for column, value in twin.items():
        expected = math.nan if value is None else value
        assert row[column] == pytest.approx(expected, nan_ok=True), column


def of_contracts(trades: pl.DataFrame, which: pl.Expr) -> float:
    size = trades["size"].to_numpy().astype(np.float64)
    chosen = trades.select(which).to_series().to_numpy()
    return float(size[chosen].sum() / size.sum()) if len(size) else math.nan


def test_open_interest(plain: PlainReplay, made: Facts) -> None:
    rows = score_interest(plain.observations)
    true = dict(
        zip(
            made.contract_truth["instrument_id"][-len(LISTED) :].tolist(),
            made.contract_truth["open_interest"][-len(LISTED) :].tolist(),
            strict=True,
        )
    )
    stood = plain.trades.filter(~pl.col("is_cancelled"), ~pl.col("is_cancel"))
    moved = stood.group_by("instrument_id").agg(
        net=(pl.col("side") * pl.col("size").cast(pl.Int64)).sum(), traded=pl.col("size").sum()
    )
    # In the first two hours 0.6 of what is traded opens; 0.43 is what a contract of flow counts.
    chain = (
        plain.listed.filter("same_day")
        .join(moved, on="instrument_id", how="left")
        .fill_null(0)
        .with_columns(
            true=pl.col("instrument_id").replace_strict(true),
            signed_v1=(pl.col("settled") + 0.43 * pl.col("net")).clip(lower_bound=0),
            turnover_v1=pl.col("settled") + 0.43 * 0.6 * pl.col("traded"),
            turnover_v2=pl.col("settled") + 0.18 * pl.col("traded"),
        )
    )
    for symbol in ("ABC", "XYZ", ALL):
        mine = chain if symbol == ALL else chain.filter(symbol=symbol)
        whole = mine["true"].to_numpy().sum()
        for method in ("settled", "signed_v1", "turnover_v1", "turnover_v2"):
            missed = (mine[method] - mine["true"]).to_numpy()
            is_abc = mine["symbol"].to_numpy() == "ABC"
            totals = abs(missed[is_abc].sum()) + abs(missed[~is_abc].sum())
            row = rows[symbol, LAST, method]
            assert row["contract_error"] == pytest.approx(np.abs(missed).sum() / whole)
            assert row["total_error"] == pytest.approx(totals / whole)
            assert row["bias"] == pytest.approx(missed.sum() / whole)
    assert {time for _, time, _ in rows} == {LAST}, "no hour has passed"


def test_dealers_gamma(plain: PlainReplay, made: Facts) -> None:
    rows = score_gamma(plain.observations)
    for symbol, states in plain.readings.items():
        assert len(states) == MINUTES == len(plain.observations.minutes) / 2
        facts = [gamma_of(state, made, symbol, n) for n, state in enumerate(states)]
        true, settled, effective, mean, low, high, settled_gross = np.array(facts).T
        for estimate, values in zip(
            (*CONVENTIONS, INVENTORY), (settled, effective, mean), strict=True
        ):
            row = rows[symbol, DAY, estimate]
            assert row["sign"] == pytest.approx(np.mean(np.sign(values) == np.sign(true)))
            assert row["positive"] == np.mean(true > 0)
            assert row["correlation"] == pytest.approx(stats.pearsonr(values, true).statistic)
            error = np.sqrt(np.sum((values - true) ** 2) / np.sum(true**2))
            assert row["error"] == pytest.approx(error)
            assert row["bias"] == pytest.approx(np.mean(values - true))
        covered = rows[symbol, DAY, INVENTORY]["covered"]
        assert covered == np.mean((low <= true) & (true <= high))
        assert math.isnan(rows[symbol, DAY, CONVENTIONS[0]]["covered"])
        told = {
            CONVENTIONS[0]: np.abs(settled) >= 0.05 * settled_gross,
            CONVENTIONS[1]: np.array([has_sign(state.live.exposures) for state in states]),
            INVENTORY: np.array([state.inventory.regime != "unknown" for state in states]),
        }
        for estimate, which in told.items():
            assert rows[symbol, DAY, estimate]["determined"] == np.mean(which)
        right = (np.sign(effective) == np.sign(true))[told[CONVENTIONS[1]]]
        expected = float(right.mean()) if len(right) else math.nan
        found = rows[symbol, DAY, CONVENTIONS[1]]["sign_determined"]
        assert found == pytest.approx(expected, nan_ok=True)
    both = [rows[symbol, DAY, INVENTORY]["error"] for symbol in plain.readings]
    assert rows[ALL, DAY, INVENTORY]["error"] == pytest.approx(np.mean(both))
    assert rows[ALL, "09:30 to 09:45", INVENTORY] == rows[ALL, DAY, INVENTORY]


def test_levels_of_the_convention(plain: PlainReplay, made: Facts) -> None:
    rows = score_levels(plain.observations)
    for symbol, readings in plain.readings.items():
        first = 0 if symbol == "ABC" else 44
        right: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for number, reading in enumerate(readings):
            minute = made.contract_truth[number * len(LISTED) :][first : first + 22]
            # Contracts are listed call and put by turns.
            true = levels_of(reading, minute["open_interest"].reshape(-1, 2).T)
            for method, interest in (
                ("settled", made.settled[first : first + 22].reshape(-1, 2).T.astype(np.float64)),
                ("turnover_v3", reading.live.instant.effective),
            ):
                for name, level in levels_of(reading, interest).items():
                    right[method, name].append(level == true[name])
        for (method, name), hits in right.items():
            assert rows[symbol, method][name] == np.mean(hits)
    both = [rows[symbol, "settled"]["magnet"] for symbol in plain.readings]
    assert rows[ALL, "settled"]["magnet"] == pytest.approx(np.mean(both))


def levels_of(reading: Reading, interest: F64) -> dict[str, float]:
    """Walls and magnet as strikes, and whether net gamma is above zero."""
    strikes = reading.live.instant.chain.strikes
    calls, puts = gamma_by_strike(reading) * interest
    net = calls - puts
    return {
        "magnet": strikes[np.abs(net).argmax()],
        "call_wall": strikes[calls.argmax()],
        "put_wall": strikes[puts.argmax()],
        "regime": net.sum() > 0,
    }


def gamma_by_strike(reading: Reading) -> F64:
    """Black's gamma on the reading's smile."""
    surface, strikes = reading.live.surface, reading.live.instant.chain.strikes
    deviation = surface.smile.volatility * np.sqrt(reading.live.instant.clock.tau)
    d1 = np.log(surface.forward / strikes) / deviation + deviation / 2
    gamma: F64 = stats.norm.pdf(d1) / (surface.forward * deviation)
    return gamma


def has_sign(of: ChainExposures) -> bool:
    return bool(abs(of.net_by_strike.sum()) >= 0.05 * of.gross_gex)


def gamma_of(reading: Reading, made: Facts, symbol: str, number: int) -> tuple[float, ...]:
    """Gamma of truth and estimates over the gross of true open interest; last settled gross."""
    state = reading.live
    gamma = gamma_by_strike(reading)
    first = 0 if symbol == "ABC" else 44
    minute = made.contract_truth[number * len(LISTED) :][first : first + 22]
    # Contracts are listed call and put by turns.
    calls, puts = minute["dealers"][::2], minute["dealers"][1::2]
    interest = minute["open_interest"][::2] + minute["open_interest"][1::2]
    dollars = 100 * state.spot.value**2 * 0.01
    gross = float(gamma @ interest) * dollars
    settled = made.settled[first : first + 22]
    of = reading.inventory.gex
    nets = (
        float(gamma @ (calls + puts)) * dollars,
        float(gamma @ (settled[::2] - settled[1::2])) * dollars,
        float(state.exposures.net_by_strike.sum()),
        of.mean,
        of.low,
        of.high,
        float(gamma @ (settled[::2] + settled[1::2])) * dollars,
    )
    return tuple(net / gross for net in nets)


def test_hedge_flow(plain: PlainReplay) -> None:
    rows = score_hedging(plain.observations)
    stood = ~pl.col("is_cancelled") & ~pl.col("is_cancel")
    need = -pl.col("dealers") * 100.0 * pl.col("delta") * pl.col("spot")
    trades = plain.trades.filter("same_day").with_columns(
        need=pl.when(stood).then(need).otherwise(0.0),
        minute=(pl.col("end") - minute_end(0) - 1) // MINUTE,
    )
    for symbol in ("ABC", "XYZ"):
        mine = (
            trades.filter(symbol=symbol)
            .group_by("minute")
            .agg(pl.col("need", "delta_dollars").sum())
        )
        mine = pl.DataFrame({"minute": range(MINUTES)}).join(mine, on="minute", how="left")
        mine = mine.fill_null(0).sort("minute")
        fives = mine.group_by(pl.col("minute") // 5, maintain_order=True).agg(
            pl.exclude("minute").sum()
        )
        run = mine.select(pl.col("need", "delta_dollars").cum_sum())
        for step, sums in (("1 minute", mine), ("5 minutes", fives), ("cumulative", run)):
            true, estimate = sums["need"].to_numpy(), sums["delta_dollars"].to_numpy()
            fit, row = stats.linregress(true, estimate), rows[symbol, step]
            assert row["slope"] == pytest.approx(fit.slope)
            assert row["correlation"] == pytest.approx(fit.rvalue)
            error = np.sqrt(np.sum((estimate - true) ** 2) / np.sum(true**2))
            assert row["error"] == pytest.approx(error)
            assert row["sign"] == np.mean(np.sign(true) == np.sign(estimate))
    assert rows[ALL, "1 minute"]["slope"] == pytest.approx(
        np.mean([rows[symbol, "1 minute"]["slope"] for symbol in ("ABC", "XYZ")])
    )


@pytest.mark.parametrize(("is_limit", "right"), [(False, 1.0), (True, 0.0)])
def test_sides_that_were_hit_and_missed(plain: PlainReplay, is_limit: bool, right: float) -> None:
    """Customers who did what was read into every trade: by market orders, or by limit orders."""
    truth = plain.observations.truth.copy()
    truth["customer_side"], truth["is_limit"] = plain.observations.trades["side"], is_limit
    row = score_sides(replace(plain.observations, truth=truth))[ALL, "all trades"]
    assert row["right"] == row["right_trades"] == right
    assert row["as_customer"] == 1.0


def test_the_day_by_the_hour() -> None:
    """Two chains until 11:35; the convention is right until 10:30, and its error doubles then."""
    rows: Records = np.ones(2 * 125, MINUTE_ESTIMATES)
    rows["symbol"], rows["minute"] = np.tile((0, 1), 125), np.repeat(np.arange(1, 126), 2)
    late = rows["minute"] > 60
    rows["true_gex"] = 0.5
    rows["settled_gex"] = np.where(late, -0.5, 0.5)
    rows["true_oi"], rows["oi"][:, 0] = 100.0, 90.0
    rows["oi_error"][:, 0] = np.where(late, 20.0, 10.0)
    nothing: Records = np.zeros(0, TRADE_TRUTH)
    watched = ReplayObservations(hours(), ("ABC", "XYZ"), nothing, nothing, rows)
    interest = score_interest(watched)
    assert {
        (symbol, time): figures["contract_error"]
        for (symbol, time, method), figures in interest.items()
        if method == "settled"
    } == {
        (ALL, "10:30"): 0.1,
        (ALL, "11:30"): 0.2,
        (ALL, "11:35"): 0.2,
        ("ABC", "11:35"): 0.2,
        ("XYZ", "11:35"): 0.2,
    }
    gamma = score_gamma(watched)
    assert {
        key[:2]: (figures["sign"], figures["error"])
        for key, figures in gamma.items()
        if key[2] == CONVENTIONS[0]
    } == {
        (ALL, DAY): (60 / 125, pytest.approx(math.sqrt(65 / 125 * 4))),
        ("ABC", DAY): (60 / 125, pytest.approx(math.sqrt(65 / 125 * 4))),
        ("XYZ", DAY): (60 / 125, pytest.approx(math.sqrt(65 / 125 * 4))),
        (ALL, "09:30 to 10:30"): (1.0, 0.0),
        (ALL, "10:30 to 11:30"): (0.0, 2.0),
        (ALL, "11:30 to 11:35"): (0.0, 2.0),
    }
