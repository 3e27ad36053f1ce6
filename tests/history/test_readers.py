"""DuckDB and Polars, which share no code with the writer, read what was kept, and agree with it."""

from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from history.made_days import DATE, made_day
from zerodte.engine.aggressor import SideRule
from zerodte.history.history import History
from zerodte.history.schema import FIGURE_COLUMNS, INPUT_COLUMNS, ScalarColumn
from zerodte.session.sample import NO_QUOTE, UNITS_PER_DOLLAR, SampleDay

SCALARS = [scalar for scalar in (*INPUT_COLUMNS, *FIGURE_COLUMNS) if not scalar.is_time]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A root with the sessions of two symbols."""
    root = str(tmp_path_factory.mktemp("kept"))
    for finished in (made_day(1, 240), made_day(2, 240, symbol="BBB")):
        History(root).store(finished)
    return root


@pytest.fixture(scope="module")
def day() -> SampleDay:
    """What was kept of AAA."""
    return made_day(1, 240).day


def duck(root: str, columns: str, file: str = "AAA") -> list[tuple[Any, ...]]:
    """What DuckDB finds in the files of a name, in the order of time."""
    files = duckdb.read_parquet(f"{root}/*/{file}.parquet", hive_partitioning=True)
    return files.order("t").select(columns).fetchall()


def bear(root: str, column: str) -> pl.Series:
    """What Polars finds of AAA, in the order of time."""
    return pl.scan_parquet(root).filter(symbol="AAA").sort("t").select(column).collect()[column]


def known(values: npt.NDArray[Any]) -> list[Any]:
    """What a reader should see of numbers: null for NaN."""
    return [
        None if is_nan else value for value, is_nan in zip(values, np.isnan(values), strict=True)
    ]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: str(scalar.name))
def test_figures(root: str, day: SampleDay, scalar: ScalarColumn) -> None:
    values = scalar.values(day.inputs if scalar in INPUT_COLUMNS else day.figures)
    meant = known(values)
    if scalar.code_names:
        meant = [scalar.code_names[code] if code >= 0 else None for code in values]
    assert [value for (value,) in duck(root, scalar.name)] == meant
    assert bear(root, scalar.name).to_list() == meant


def test_the_folder_is_a_column(root: str) -> None:
    assert set(duck(root, "date, symbol", "*")) == {(DATE, "AAA"), (DATE, "BBB")}
    assert bear(root, "date").to_list() == [DATE] * 240


def test_times_are_instants(root: str, day: SampleDay) -> None:
    assert [at for (at,) in duck(root, "epoch_ns(t)")] == day.times.tolist()
    times = bear(root, "t")
    assert times.dtype == pl.Datetime("ns", "UTC")
    assert times.cast(pl.Int64).to_list() == day.times.tolist()
    newest = [time or None for time in day.inputs["newest"].tolist()]
    assert [at for (at,) in duck(root, "epoch_ns(newest)")] == newest


@pytest.mark.parametrize(
    "column",
    [
        *("call_open_interest", "put_open_interest", "call_contracts", "put_contracts"),
        *("delta_dollars", "gamma_dollars", "volatility", "quoted"),
        *("net_bought", "bought_variance"),
    ],
)
def test_lists_run_along_the_strikes(root: str, day: SampleDay, column: str) -> None:
    side, _, name = column.partition("_")
    right = {"call": 0, "put": 1}.get(side)
    kept = getattr(day.columns, column if right is None else name)
    values = known((kept if right is None else kept[:, right]).ravel())
    found = duck(root, f"unnest(strikes), unnest({column})")
    assert [value for _, value in found] == values
    assert [strike for strike, _ in found] == np.tile(day.strikes, len(day)).tolist()
    assert bear(root, column).explode(empty_as_null=True).to_list() == values


@pytest.mark.parametrize("name", ["mid", "spread"])
def test_prices_are_dollars(root: str, day: SampleDay, name: str) -> None:
    units = getattr(day.columns, name)
    for right, side in enumerate(("call", "put")):
        for (found,), meant in zip(duck(root, f"{side}_{name}"), units[:, right], strict=True):
            assert [value is None for value in found] == (meant == NO_QUOTE).tolist()
            dollars = [value for value in found if value is not None]
            assert dollars == pytest.approx(meant[meant != NO_QUOTE] / UNITS_PER_DOLLAR, rel=1e-15)


def test_what_the_venue_said_holds_until_it_said_more(root: str, day: SampleDay) -> None:
    lasting = "last_value(put_official_open_interest ignore nulls) over (order by t)"
    assert len(day.statistics) > 1
    for row, (values,) in enumerate(duck(root, lasting)):
        official = day.statistics_at(row).official[1]
        assert np.array_equal(np.array(values, np.float32), official, equal_nan=True)


def test_the_rest_of_a_sample_is_there(root: str, day: SampleDay) -> None:
    found = duck(
        root, "inputs_digest, notices, scheduled_notices, map_keys(arrivals), vix, volume_tick"
    )
    assert found == [
        (
            context.digest,
            [*context.scheduled, *context.notices],
            len(context.scheduled),
            list(context.arrivals),
            None if np.isnan(context.vix) else context.vix,
            volume[SideRule.TICK],
        )
        for context, volume in zip(day.contexts, day.volume_by_rule, strict=True)
    ]
