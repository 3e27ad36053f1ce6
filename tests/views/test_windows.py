"""Windows of bars, held to each other, to the trades as they came, and to the snapshots then."""

import dataclasses
import datetime
import functools
from itertools import accumulate
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from session.made_tape import OPEN, quotes, stock, trades, write
from views.days import SPOKEN, Seen, answered, made, read, watched
from zerodte.constants import BARS, MINUTE, SAMPLE_INTERVAL, SECOND
from zerodte.views.frame import Frame
from zerodte.views.series import hedge_flow, series
from zerodte.views.snapshot import snapshot_at
from zerodte.views.strike_bars import heatmap, strike_flow
from zerodte.wire.errors import ApiError
from zerodte.wire.heatmap import HeatmapMetric, HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery, Side
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlowQuery
from zerodte.wire.window import BarSize, StrikeBarSize

Json = dict[str, Any]

samples = st.integers(0, 55)  # of the half hour in which the made tape speaks
minutes = st.integers(1, 390)
bars, strike_bars = st.sampled_from(get_args(BarSize)), st.sampled_from(get_args(StrikeBarSize))
sides, metrics = st.sampled_from(get_args(Side)), st.sampled_from(get_args(HeatmapMetric))


def at(seen: Seen, sample: int) -> int:
    return seen.session.hours.open + (sample + 1) * SAMPLE_INTERVAL


def time_of(bar: Json) -> int:
    return int(datetime.datetime.fromisoformat(bar["t"]).timestamp()) * SECOND


def flow(seen: Seen, now: int, side: Side, bar: BarSize, span: int) -> list[Json]:
    found: list[Json] = read(
        hedge_flow(seen.frame(now), HedgeFlowQuery(symbol="SPX", side=side, bar=bar, minutes=span))
    )["bars"]
    return found


# Which samples make a bar


@given(sample=samples, bar=bars, span=minutes)
def test_bars_are_the_last_samples_of_whole_buckets(sample: int, bar: BarSize, span: int) -> None:
    """By the words of the contract: buckets (B - bar, B], the window aligned down, then cut."""
    seen = made()
    now, size, opening = at(seen, sample), BARS[bar], seen.session.hours.open
    expected, begin = [], (now - span * MINUTE - opening) // size * size + opening
    for time in seen.said:
        ends_bucket = (time - opening) % size == 0 or time == now
        if begin < time <= now and ends_bucket:
            expected.append(time)
    body = read(series(seen.frame(now), SeriesQuery(symbol="SPX", bar=bar, minutes=span)))
    assert [time_of(bar) for bar in body["bars"]] == expected
    assert (body["bar_size"], body["expiration"]) == (bar, "2025-06-02")


@given(sample=samples, bar=bars, spans=st.tuples(minutes, minutes), side=sides)
@example(sample=2, bar="30s", spans=(1, 390), side="all")  # all but the day's first sample
def test_a_shorter_window_is_the_tail_of_a_longer_one(
    sample: int, bar: BarSize, spans: tuple[int, int], side: Side
) -> None:
    seen = made()
    now, (short, long) = at(seen, sample), sorted(spans)
    flows = [flow(seen, now, side, bar, span) for span in (short, long)]
    figures = [
        read(series(seen.frame(now), SeriesQuery(symbol="SPX", bar=bar, minutes=span)))["bars"]
        for span in (short, long)
    ]
    for one, other in (flows, figures):
        assert other[len(other) - len(one) :] == one


@given(sample=samples, bar=strike_bars, spans=st.tuples(minutes, minutes), metric=metrics)
def test_so_by_strike(
    sample: int, bar: StrikeBarSize, spans: tuple[int, int], metric: HeatmapMetric
) -> None:
    seen = made()
    frame, (short, long) = seen.frame(at(seen, sample)), sorted(spans)
    maps = [
        read(
            heatmap(
                frame,
                HeatmapQuery(symbol=frame.symbol, metric=metric, mode="raw", bar=bar, minutes=span),
            )
        )
        for span in (short, long)
    ]
    flows = [
        read(strike_flow(frame, StrikeFlowQuery(symbol=frame.symbol, bar=bar, minutes=span)))
        for span in (short, long)
    ]
    for one, other in (maps, flows):
        assert other["strikes_grid"] == one["strikes_grid"]
        assert other["bars"][len(other["bars"]) - len(one["bars"]) :] == one["bars"]


# Flow


def test_cumulative_flow_is_that_of_the_trades_as_they_came(seen: Seen) -> None:
    close = seen.session.hours.close
    by_side = {side: flow(seen, close, side, "30s", 390) for side in get_args(Side)}
    known = 0
    for calls, puts, both in zip(*(by_side[s] for s in ("calls", "puts", "all")), strict=True):
        ledger = seen.dollars[time_of(calls)]
        expected = {r: sum(d for (right, _), d in ledger.items() if right == r) for r in "CP"}
        if both["cumulative"] is None:
            assert not any(seen.contracts[time_of(calls)].values())
            continue
        assert (calls["cumulative"], puts["cumulative"]) == (expected["C"], expected["P"])
        assert both["cumulative"] == calls["cumulative"] + puts["cumulative"]
        known += 1
    assert known > 30
    assert any(bar["bar"] for bar in by_side["all"])


@pytest.mark.parametrize("bar", BARS)
def test_bars_of_flow_are_the_differences_of_cumulative(seen: Seen, bar: BarSize) -> None:
    for side in get_args(Side):
        made_bars = flow(seen, seen.session.hours.close, side, bar, 390)
        known = [each for each in made_bars if each["bar"] is not None]
        sums = list(accumulate((each["bar"] for each in known), initial=0))[1:]
        assert sums == [each["cumulative"] for each in known]
        assert made_bars[len(made_bars) - len(known) :] == known, "unknown only before any trade"


@given(sample=samples, span=minutes)
def test_five_bars_of_a_minute_are_one_of_five(sample: int, span: int) -> None:
    seen = made()
    now = at(seen, sample)
    small = {time_of(bar): bar for bar in flow(seen, now, "all", "1m", 390)}
    by_strike = {
        time_of(b): b
        for b in read(
            strike_flow(seen.frame(now), StrikeFlowQuery(symbol="SPX", bar="1m", minutes=390))
        )["bars"]
    }
    before = seen.session.hours.open
    large = flow(seen, now, "all", "5m", 390)
    for one, strikes in zip(
        large,
        read(strike_flow(seen.frame(now), StrikeFlowQuery(symbol="SPX", bar="5m", minutes=390)))[
            "bars"
        ],
        strict=True,
    ):
        inside = [time for time in small if before < time <= time_of(one)]
        assert one["bar"] == sum(small[time]["bar"] or 0 for time in inside)
        assert one["cumulative"] == small[inside[-1]]["cumulative"]
        for name in ("signed_delta_dollars", "signed_gamma_dollars", "contracts"):
            parts = [by_strike[time][name] for time in inside]
            assert strikes[name] == [sum(column) for column in zip(*parts, strict=True)]
        before = time_of(one)
    assert large[-1:] == flow(seen, now, "all", "5m", span)[-1:]


def test_customers_flow_adds_up(seen: Seen) -> None:
    close = seen.session.hours.close
    by_side = [flow(seen, close, side, "1m", 390) for side in ("calls", "puts", "all")]
    for calls, puts, both in zip(*by_side, strict=True):
        for name in ("customer_flow", "customer_flow_cumulative"):
            if both["bar"] is None:
                assert both[name] is None
            else:
                assert calls[name] + puts[name] == both[name]
    for bars_ in by_side:
        sums = list(accumulate((bar["customer_flow"] or 0 for bar in bars_), initial=0))[1:]
        assert sums == [bar["customer_flow_cumulative"] or 0 for bar in bars_]


@pytest.mark.drill
def test_customers_are_expected_by_the_rule_that_told_them(tmp_path: Path) -> None:
    """Single puts bought, then sold: each counts .46 of the aggressor's dollars."""
    deals = trades("tcbbo", 6, 600, seed=3)
    deals["instrument_id"], deals["size"] = 6, 2
    deals["ts_event"] = deals["ts_recv"] = OPEN + (60 + 70 * np.arange(6)) * SECOND
    deals["price"] = np.where(np.arange(6) < 4, deals["ask_px_00"][0], deals["bid_px_00"][0])
    deals["bid_px_00"], deals["ask_px_00"] = deals["bid_px_00"][0], deals["ask_px_00"][0]
    tape = write(
        tmp_path,
        ("cbbo-1s", quotes("cbbo-1s", 2_000, 600, seed=1)),
        ("tcbbo", deals),
        ("bbo-1s", stock(600)),
    )
    seen = watched(tape, "ABC")
    bars_ = flow(seen, seen.session.hours.close, "all", "30s", 390)
    traded = [bar for bar in bars_ if bar["bar"]]
    assert len(traded) == 6
    assert [bar["bar"] < 0 for bar in traded] == [True] * 4 + [False] * 2
    for bar in traded:
        assert bar["customer_flow"] == pytest.approx(0.46 * bar["bar"], abs=1)


@pytest.mark.parametrize("bar", get_args(StrikeBarSize))
def test_strike_flow_sums_to_the_bar_of_the_hedge_flow(seen: Seen, bar: StrikeBarSize) -> None:
    close = seen.session.hours.close
    body = read(strike_flow(seen.frame(close), StrikeFlowQuery(symbol="SPX", bar=bar, minutes=390)))
    maps = read(
        heatmap(
            seen.frame(close),
            HeatmapQuery(symbol="SPX", metric="signed_flow", mode="raw", bar=bar, minutes=390),
        )
    )["bars"]
    whole = flow(seen, close, "all", bar, 390)
    assert len(body["bars"]) == len(whole)
    for strikes, one, cells in zip(body["bars"], whole, maps, strict=True):
        assert strikes["t"] == one["t"]
        assert cells["values"] == strikes["signed_delta_dollars"]
        known = [value for value in strikes["signed_delta_dollars"] if value is not None]
        assert (sum(known) if known else None) == one["bar"]


def test_strike_flow_counts_the_contracts_of_each_strike(seen: Seen) -> None:
    body = read(
        strike_flow(
            seen.frame(seen.session.hours.close),
            StrikeFlowQuery(symbol="SPX", bar="1m", minutes=390),
        )
    )
    total = [0] * len(body["strikes_grid"])
    for bar in body["bars"]:
        for n, count in enumerate(bar["contracts"]):
            total[n] += count or 0
        ledger = seen.contracts[time_of(bar)]
        pairs = zip(body["strikes_grid"], total, strict=True)
        assert {k: count for k, count in pairs if count} == {
            k: ledger["C", k] + ledger["P", k]
            for k in body["strikes_grid"]
            if ledger["C", k] + ledger["P", k]
        }
    assert sum(total) > 1_000


# Figures


def _percent(value: float | None) -> Any:
    """What a bar shows of a fraction that was rounded before; null is nowhere near a number."""
    return None if value is None else pytest.approx(100.0 * value, rel=1e-6)


def test_every_bar_is_the_snapshot_then(seen: Seen) -> None:
    body = read(
        series(
            seen.frame(seen.session.hours.close), SeriesQuery(symbol="SPX", bar="30s", minutes=390)
        )
    )
    assert len(body["bars"]) == len(seen.said)
    compared = 0
    for bar, said in zip(body["bars"], seen.said.values(), strict=True):
        then = read(said[0])
        if "regime" not in then:
            assert bar["net_gex"] is None
            assert bar["gamma_flip_status"] is None
            continue
        assert bar == bar | {
            "t": then["as_of"],
            "spot": then["underlying_price"],
            "net_gex": then["exposures"]["net_gex"],
            "net_dex": then["exposures"]["net_dex"],
            "gamma_flip": then["regime"]["gamma_flip"],
            "gamma_flip_status": then["regime"]["gamma_flip_status"],
            "call_wall": then["levels"]["call_wall"],
            "put_wall": then["levels"]["put_wall"],
            "magnet": then["pin_risk"]["magnet_strike"],
            "pin_score": then["pin_risk"]["pin_score"],
            "pin_probability_pct": _percent(then["probabilities"]["pin"]["value"]),
            "regime": then["regime"]["label"],
            "atm_iv": then["expected_move"]["atm_iv"],
        }
        compared += 1
    assert compared > 30


@pytest.mark.parametrize("metric", ["gex", "dex", "vex", "chex", "oi"])
def test_a_heatmap_holds_the_strikes_of_the_snapshots(seen: Seen, metric: HeatmapMetric) -> None:
    body = read(
        heatmap(
            seen.frame(seen.session.hours.close),
            HeatmapQuery(symbol="SPX", metric=metric, mode="raw", bar="1m", minutes=390),
        )
    )
    compared = 0
    for bar in body["bars"]:
        then = read(seen.said[time_of(bar)][0])
        cells = dict(zip(body["strikes_grid"], bar["values"], strict=True))
        for row in then.get("strikes", ()):
            cell = cells[row["strike"]]
            if metric == "oi":
                known = [row[side] for side in ("call_oi", "put_oi") if row[side] is not None]
                # Each of the three is rounded by itself.
                assert (cell is None) == (not known)
                assert not known or abs(cell - sum(known)) <= 1
            else:
                assert cell == row[f"net_{metric}"]
            compared += cell is not None
    assert compared > 100


@given(sample=samples, bar=strike_bars, span=minutes, metric=metrics)
def test_changes_sum_back_to_what_they_are_changes_of(
    sample: int, bar: StrikeBarSize, span: int, metric: HeatmapMetric
) -> None:
    check_changes(made(), at(made(), sample), bar, span, metric)


@pytest.mark.parametrize("metric", get_args(HeatmapMetric))
def test_so_in_recorded_sessions(seen: Seen, metric: HeatmapMetric) -> None:
    check_changes(seen, seen.session.hours.close, "1m", 390, metric)


def check_changes(
    seen: Seen, now: int, bar: StrikeBarSize, span: int, metric: HeatmapMetric
) -> None:
    raw, delta = (
        read(
            heatmap(
                seen.frame(now),
                HeatmapQuery(symbol="SPX", metric=metric, mode=mode, bar=bar, minutes=span),
            )
        )["bars"]
        for mode in ("raw", "delta")
    )
    if metric == "signed_flow":
        assert raw == delta
        return
    sums: list[float] = [0.0] * len(raw[0]["values"])
    sizes: list[float] = [0.0] * len(raw[0]["values"])
    for one, other in zip(raw, delta, strict=True):
        for n, (value, change) in enumerate(zip(one["values"], other["values"], strict=True)):
            assert (value is None) == (change is None)
            if value is not None:
                sums[n] += change
                sizes[n] += abs(change)
                # Seven digits each: exact for what is counted.
                tolerance = 0 if metric == "oi" else 1e-6 * sizes[n] + 1e-9
                assert sums[n] == pytest.approx(value, abs=tolerance, rel=0)


# Grids, heads


def test_nothing_of_the_chain_in_a_window_is_said_so() -> None:
    seen = made()
    silent = seen.frame(seen.session.hours.close)
    with pytest.raises(ApiError) as caught:
        heatmap(
            silent,
            HeatmapQuery(symbol=silent.symbol, metric="gex", mode="raw", bar="1m", minutes=60),
        )
    assert caught.value.code == "no_strike_data_for_window"
    with pytest.raises(ApiError, match="60 minutes"):
        strike_flow(silent, StrikeFlowQuery(symbol=silent.symbol, bar="5m", minutes=60))
    assert (
        len(read(series(silent, SeriesQuery(symbol=silent.symbol, bar="1m", minutes=60)))["bars"])
        == 60
    ), "samples there are"
    assert (
        read(
            heatmap(
                silent,
                HeatmapQuery(
                    symbol=silent.symbol, metric="gex", mode="raw", bar="15m", minutes=390
                ),
            )
        )["bars"][-1]["values"][0]
        is None
    )


def test_the_heads_say_what_was_asked(seen: Seen) -> None:
    frame = seen.frame(seen.session.hours.close)
    body = read(
        heatmap(
            frame,
            HeatmapQuery(symbol=frame.symbol, metric="vex", mode="delta", bar="15m", minutes=390),
        )
    )
    asked = {"metric": "vex", "mode": "delta", "bar_size": "15m", "tier_used": "raw"}
    assert body == body | asked | {"symbol": seen.symbol, "source": "replay", "market_open": True}
    assert body["strikes_grid"] == sorted(set(body["strikes_grid"]))
    assert body["underlying_price"] == body["bars"][-1]["spot"]
    assert (
        read(
            hedge_flow(
                frame, HedgeFlowQuery(symbol=frame.symbol, side="puts", bar="5m", minutes=10)
            )
        )["side"]
        == "puts"
    )
    late = seen.frame(seen.session.hours.close + SECOND)
    assert (
        read(
            heatmap(
                late,
                HeatmapQuery(
                    symbol=late.symbol, metric="vex", mode="delta", bar="15m", minutes=390
                ),
            )
        )["market_open"]
        is False
    )


# The range of spot


@pytest.mark.parametrize("bar", BARS)
def test_a_bars_range_is_that_of_the_stocks_quotes(bar: BarSize) -> None:
    """By the mids that were written to the tape, second by second: 99.97 to 100.03."""
    seen = made()
    close, opening = seen.session.hours.close, seen.session.hours.open
    quoted = stock(SPOKEN)
    mids = 0.5e-9 * (quoted["bid_px_00"] + quoted["ask_px_00"])
    made_bars = read(series(seen.frame(close), SeriesQuery(symbol="SPX", bar=bar, minutes=390)))[
        "bars"
    ]
    spoken = [each for each in made_bars if time_of(each) <= OPEN + SPOKEN * SECOND]
    assert len(spoken) == SPOKEN * SECOND // BARS[bar]
    for each in spoken:
        end = (time_of(each) - opening) // SECOND
        of_bar = mids[end - BARS[bar] // SECOND : end]
        assert each["spot_low"] == pytest.approx(of_bar.min(), rel=1e-7)
        assert each["spot_high"] == pytest.approx(of_bar.max(), rel=1e-7)
    silent = made_bars[-1]
    assert (silent["spot"], silent["spot_low"], silent["spot_high"]) == (None, None, None)


def test_a_bar_has_the_figures_of_the_snapshot_then(seen: Seen) -> None:
    """Of each sample live, and of the bar of it after the close."""
    query = SeriesQuery(symbol="SPX", bar="30s", minutes=390)
    made_bars = read(series(seen.frame(seen.session.hours.close), query))["bars"]
    inventories = 0
    for bar in made_bars:
        then = read(seen.said[time_of(bar)][0])
        if "error" in then:
            assert (bar["remaining_1sd_dollars"], bar["data_quality_score"]) == (None, None)
            assert bar["inventory_net_gex"] is None
            continue
        assert bar["remaining_1sd_dollars"] == then["expected_move"]["remaining_1sd_dollars"]
        assert bar["data_quality_score"] == then["metadata"]["data_quality_score"]
        for name in ("net_gex", "net_gex_low", "net_gex_high"):
            book = then["dealer_inventory"]
            assert bar[f"inventory_{name}"] == (None if book is None else book[name])
            inventories += bar[f"inventory_{name}"] is not None
    assert inventories > 90


def test_the_inventory_by_strike_adds_up_to_the_bars(seen: Seen) -> None:
    """Live at each sample and of the sample after the close, whatever strikes are shown."""
    query = SeriesQuery(symbol="SPX", bar="30s", minutes=390)
    summed = 0
    for bar in read(series(seen.frame(seen.session.hours.close), query))["bars"]:
        time = time_of(bar)
        live = read(seen.said[time][-1])
        asked = SnapshotQuery(symbol=seen.symbol, strike_range=0.001, inventory="1")
        past = read(answered(functools.partial(snapshot_at, seen.frame(time), asked)))
        if (book := past.get("dealer_inventory")) is None:
            assert live.get("dealer_inventory") is None
            continue
        assert book == past["body"]["dealer_inventory"] == live["dealer_inventory"]
        rows = book.pop("strikes")
        without = read(seen.said[time][0])["dealer_inventory"]
        assert book == without
        row = seen.day.row_at(time)
        assert [each["strike"] for each in rows] == seen.day.chain(row).strikes.tolist()
        total = sum(each["net_gex"] for each in rows)
        scale = sum(abs(each["net_gex"]) for each in rows)
        assert total == pytest.approx(bar["inventory_net_gex"], abs=1e-6 * scale)
        assert all(r["net_gex_low"] <= r["net_gex"] <= r["net_gex_high"] for r in rows)
        summed += 1
    assert summed > 30


def test_an_older_session_has_no_inventory_by_strike() -> None:
    """One that was stored before its columns were: the book stands, its strikes are unknown."""
    seen = made()
    lacking = np.full_like(seen.day.columns.net_bought, np.nan)
    day = dataclasses.replace(
        seen.day, columns=dataclasses.replace(seen.day.columns, net_bought=lacking)
    )
    frame = Frame.past(day, "replay", "ABC", at(seen, 50))
    book = read(snapshot_at(frame, SnapshotQuery(symbol="ABC", inventory="1")))["dealer_inventory"]
    assert book["net_gex"] is not None
    assert book["strikes"] is None
