"""Frames hold what the answers hold, in either library, with their types and what is unknown."""

import math
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest

from client.faults import FaultyProxy, response
from server.example import ExampleService
from zerodte.client import Client, LibraryError
from zerodte.wire.series import SeriesBar

TIMES = [datetime(2026, 5, 27, 13, 31, tzinfo=UTC), datetime(2026, 5, 27, 13, 32, tzinfo=UTC)]
SERIES = (
    '{"bars":[{"t":"2026-05-27T13:31:00Z","spot":590.5,"pin_score":null,"regime":null},'
    '{"t":"2026-05-27T13:32:00Z","spot":null,"pin_score":71,"regime":"positive_gamma"}]}'
)
HEATMAP = (
    '{"strikes_grid":[590.0,591.0],"bars":[{"t":"2026-05-27T13:31:00Z","spot":590.5,'
    '"values":[-1.5]},{"t":"2026-05-27T13:32:00Z","spot":null,"values":[null,2e9]}]}'
)


def test_a_series_in_polars(client: Client, proxy: FaultyProxy) -> None:
    proxy.faults = [response(200, SERIES)]
    frame = client.series("SPX").frame()
    assert isinstance(frame, pl.DataFrame), "Polars comes first where both are installed"
    assert tuple(frame.columns) == SeriesBar.__struct_fields__
    assert frame["t"].to_list() == TIMES
    assert frame.schema["t"] == pl.Datetime("us", "UTC")
    assert frame["spot"].to_list() == [590.5, None]
    assert frame["pin_score"].to_list() == [None, 71]
    assert frame["regime"].to_list() == [None, "positive_gamma"]
    assert frame.schema["net_gex"] == pl.Float64
    assert frame.schema["pin_score"] == pl.Int64
    assert frame["net_gex"].null_count() == 2


def test_a_series_in_pandas(client: Client, proxy: FaultyProxy) -> None:
    proxy.faults = [response(200, SERIES)]
    frame = client.series("SPX").frame("pandas")
    assert isinstance(frame, pd.DataFrame)
    assert frame["t"].tolist() == [pd.Timestamp(time) for time in TIMES]
    assert str(frame["t"].dtype) == "datetime64[us, UTC]"
    assert frame["spot"][0] == 590.5
    assert math.isnan(frame["spot"][1])
    assert str(frame["pin_score"].dtype) == "Int64"
    assert frame["pin_score"].isna().tolist() == [True, False]
    assert frame["regime"].tolist()[1] == "positive_gamma"
    assert frame["regime"].isna().tolist() == [True, False]
    assert (str(frame["net_gex"].dtype), frame["net_gex"].isna().all()) == ("float64", True)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_heatmap_has_a_row_for_each_bar_and_strike(
    client: Client, proxy: FaultyProxy, library: Any
) -> None:
    """A bar that is shorter than the grid was drawn before its strikes were listed."""
    proxy.faults = [response(200, HEATMAP)]
    frame = client.heatmap("SPX").frame(library)
    assert list(frame.columns) == ["t", "spot", "strike", "value"]
    assert frame["strike"].to_list() == [590.0, 591.0] * 2
    expected = [-1.5, None, None, 2e9]
    got = [None if v is None or math.isnan(v) else v for v in frame["value"].to_list()]
    assert got == expected
    first, last = frame["t"].to_list()[0], frame["t"].to_list()[-1]
    assert [first, last] == TIMES


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("name", ["series", "heatmap", "hedge_flow", "strike_flow", "leaderboard"])
def test_every_table_gives_frames_that_agree(
    client: Client, service: ExampleService, name: str, library: Any
) -> None:
    answer = getattr(client, name)(*(() if name == "leaderboard" else ("SPX",)))
    frame = answer.frame(library)
    rows = answer.entries if name == "leaderboard" else answer.bars
    count = len(answer.strikes_grid) if name in ("heatmap", "strike_flow") else 1
    assert len(frame) == len(rows) * count > 1
    last = frame.to_dict("records")[-1] if library == "pandas" else frame.to_dicts()[-1]
    if name == "strike_flow":
        assert last["contracts"] == rows[-1].contracts[-1]
        assert last["signed_gamma_dollars"] == rows[-1].signed_gamma_dollars[-1]
    elif name == "heatmap":
        assert (last["value"], last["spot"]) == (rows[-1].values[-1], rows[-1].spot)
    else:
        names = rows[-1].__struct_fields__
        assert {key: last[key] for key in names} == {key: getattr(rows[-1], key) for key in names}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_an_empty_answer_gives_typed_columns(
    client: Client, proxy: FaultyProxy, library: Any
) -> None:
    proxy.faults = [response(200, '{"bars":[]}')]
    frame = client.series("SPX").frame(library)
    assert (len(frame), len(frame.columns)) == (0, len(SeriesBar.__struct_fields__))
    assert "UTC" in str(frame["t"].dtype)


def test_fractions_of_another_server_are_numbers(client: Client, proxy: FaultyProxy) -> None:
    proxy.faults = [response(200, '{"bars":[{"pin_score":71.5},{"pin_score":70.0}]}')]
    assert client.series("SPX").frame("pandas")["pin_score"].tolist() == [71.5, 70.0]


def test_another_library_is_refused(client: Client, service: ExampleService) -> None:
    with pytest.raises(LibraryError, match="write polars or pandas"):
        client.leaderboard().frame("excel")  # type: ignore[arg-type]  # as a caller without types


def test_the_client_imports_the_wire_alone() -> None:
    """In a process of its own, by what it has loaded once a client is made."""
    code = "import sys, zerodte.client as c; c.Client().close(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    modules = set(done.stdout.split())
    heavy = {"numba", "pyarrow", "numpy", "pandas", "polars", "uvicorn", "scipy"}
    assert modules & heavy == set()
    rooms = {name.split(".")[1] for name in modules if name.startswith("zerodte.")}
    assert rooms == {"client", "wire", "clock", "constants", "errors"}


def test_without_httpx_the_extra_is_named() -> None:
    """As on a machine where only zerodte is installed."""
    code = "import sys; sys.modules['httpx'] = None; import zerodte.client"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (
        'zerodte.client needs httpx; install the extra: pip install "zerodte[client]"'
        in (done.stderr.splitlines()[-1])
    )
