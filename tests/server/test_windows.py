"""The parameters of windows and past instants: what is understood, clamped, refused."""

from typing import Any

import httpx
import pytest

from server.paths import (
    EXPOSURE,
    HEATMAP,
    HEDGE_FLOW,
    LEADERBOARD,
    SERIES,
    SNAPSHOT,
    STRIKE_FLOW,
    assert_error,
)
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.leaderboard import LeaderboardQuery
from zerodte.wire.query import Query
from zerodte.wire.series import SeriesQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

#: 10:00 in New York on 27 May 2026.
TEN = 1_779_890_400 * 10**9


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        (SERIES + "SPX", "", SeriesQuery(symbol="SPX", bar="30s", minutes=60, at=None)),
        (
            SERIES + "SPX",
            "?bar=15m&minutes=390&at=2026-05-27T10:00:00",
            SeriesQuery(symbol="SPX", bar="15m", minutes=390, at=TEN),
        ),
        (SERIES + "SPX", "?minutes=0", SeriesQuery(symbol="SPX", bar="30s", minutes=1, at=None)),
        (SERIES + "SPX", "?minutes=-5", SeriesQuery(symbol="SPX", bar="30s", minutes=1, at=None)),
        (
            SERIES + "SPX",
            "?minutes=%2B007",
            SeriesQuery(symbol="SPX", bar="30s", minutes=7, at=None),
        ),
        (
            SERIES + "SPX",
            "?minutes=391",
            SeriesQuery(symbol="SPX", bar="30s", minutes=390, at=None),
        ),
        (
            SERIES + "SPX",
            "?minutes=" + 5000 * "9",
            SeriesQuery(symbol="SPX", bar="30s", minutes=390, at=None),
        ),
        (
            SERIES + "SPX",
            "?minutes=-" + 5000 * "9",
            SeriesQuery(symbol="SPX", bar="30s", minutes=1, at=None),
        ),
        (
            SERIES + "SPX",
            "?minutes=5&minutes=x&bar=1m&bar=2m&side=x&n=x",
            SeriesQuery(symbol="SPX", bar="1m", minutes=5, at=None),
        ),
        (
            HEDGE_FLOW + "SPX",
            "",
            HedgeFlowQuery(symbol="SPX", side="all", bar="30s", minutes=60, at=None),
        ),
        (
            HEDGE_FLOW + "SPX",
            "?side=puts&bar=30s",
            HedgeFlowQuery(symbol="SPX", side="puts", bar="30s", minutes=60, at=None),
        ),
        (
            HEATMAP + "SPX",
            "",
            HeatmapQuery(symbol="SPX", metric="gex", mode="raw", bar="1m", minutes=60, at=None),
        ),
        (
            HEATMAP + "SPX",
            "?metric=signed_flow&mode=delta&bar=5m",
            HeatmapQuery(
                symbol="SPX", metric="signed_flow", mode="delta", bar="5m", minutes=60, at=None
            ),
        ),
        (
            STRIKE_FLOW + "SPX",
            "?bar=15m&at=2026-05-27T10:00:00",
            StrikeFlowQuery(symbol="SPX", bar="15m", minutes=60, at=TEN),
        ),
        (LEADERBOARD, "", LeaderboardQuery(metric="heat", n=20)),
        (LEADERBOARD, "?metric=pin_risk&n=1000", LeaderboardQuery(metric="pin_risk", n=100)),
        (LEADERBOARD, "?n=0&metric=abs_flow", LeaderboardQuery(metric="abs_flow", n=1)),
        # The night that daylight saving ends has this hour twice: the first of them.
        (
            SERIES + "SPX",
            "?at=2026-11-01T01:30:00",
            SeriesQuery(symbol="SPX", bar="30s", minutes=60, at=1_793_511_000 * 10**9),
        ),
    ],
)
def test_parameters_of_windows(
    client: httpx.Client, service: Any, path: str, query: str, expected: Query
) -> None:
    assert client.get(path + query).status_code == 200
    assert service.asked == [expected]


@pytest.mark.parametrize(
    ("path", "query", "code", "hint"),
    [
        (SERIES + "SPX", "bar=2m", "invalid_bar", "bar must be 30s|1m|5m|15m"),
        (SERIES + "SPX", "bar=", "invalid_bar", "30s|1m|5m|15m"),
        (HEDGE_FLOW + "SPX", "bar=1M", "invalid_bar", "30s|1m|5m|15m"),
        (HEATMAP + "SPX", "bar=7m", "bar_unavailable", "bar must be 1m|5m|15m"),
        (HEATMAP + "SPX", "bar=30s", "bar_unavailable", "1m|5m|15m"),
        (STRIKE_FLOW + "SPX", "bar=30s", "bar_unavailable", "1m|5m|15m"),
        (SERIES + "SPX", "minutes=60.0", "invalid_minutes", "1 to 390"),
        (SERIES + "SPX", "minutes=1e2", "invalid_minutes", "1 to 390"),
        (SERIES + "SPX", "minutes=", "invalid_minutes", "1 to 390"),
        (
            SERIES + "SPX",
            "minutes=+60",
            "invalid_minutes",
            "1 to 390",
        ),  # a plus is a space in a query
        (HEATMAP + "SPX", "minutes=%D9%A6", "invalid_minutes", "1 to 390"),
        (STRIKE_FLOW + "SPX", "minutes=1_0", "invalid_minutes", "1 to 390"),
        (LEADERBOARD, "n=ten", "invalid_n", "1 to 100"),
        (LEADERBOARD, "metric=gex", "invalid_metric", "heat|pin_risk|abs_flow|charm_intensity"),
        (HEATMAP + "SPX", "metric=heat", "invalid_metric", "gex|dex|vex|chex|oi|signed_flow"),
        (HEATMAP + "SPX", "mode=", "invalid_mode", "raw|delta"),
        (HEDGE_FLOW + "SPX", "side=call", "invalid_side", "all|calls|puts"),
        (SERIES + "SPX", "at=2026-05-32", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (SERIES + "SPX", "at=2026-05-27T10:00", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (SERIES + "SPX", "at=2026-05-27T10:00:00z", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (SERIES + "SPX", "at=2026-05-27Z", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (SERIES + "SPX", "at=2026-05-27T25:00:00Z", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (HEATMAP + "SPX", "at=2026-05-27T24:00:00", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (HEATMAP + "SPX", "at=2026-02-30T10:00:00", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (STRIKE_FLOW + "SPX", "at=0000-01-01T10:00:00", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (HEDGE_FLOW + "SPX", "at=now", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (EXPOSURE + "SPX", "at=", "invalid_at", "yyyy-MM-ddTHH:mm:ss"),
        (SNAPSHOT + "SPX", "at=2026-03-08T02:30:00", "invalid_at", "daylight saving skips it"),
    ],
)
def test_what_is_not_allowed_is_refused(
    client: httpx.Client, service: Any, path: str, query: str, code: str, hint: str
) -> None:
    assert_error(client.get(f"{path}?{query}"), code, hint)
    assert service.asked == []


@pytest.mark.parametrize(
    ("text", "same"),
    [("2026-05-27T14:00:00Z", "2026-05-27T10:00:00"), ("2026-05-27", "2026-05-27T16:00:00")],
)
def test_an_instant_in_utc_and_a_date(
    client: httpx.Client, service: Any, text: str, same: str
) -> None:
    """The times of our own answers can be asked about; a date alone is its close."""
    for at in (text, same):
        assert client.get(SERIES + "SPX", params={"at": at}).status_code == 200
    assert service.asked[0] == service.asked[-1]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("0001-01-01T00:00:00", 400),
        ("1899-12-31T23:59:59", 400),
        ("1900-01-01T00:00:00", 200),
        ("2099-12-31T23:59:59", 200),
        ("9999-12-31T23:59:59", 400),
    ],
)
def test_the_ends_of_the_calendar(client: httpx.Client, text: str, status: int) -> None:
    assert client.get(SERIES + "SPX", params={"at": text}).status_code == status


@pytest.mark.parametrize("path", [SNAPSHOT, EXPOSURE])
def test_a_chain_has_a_past_too(client: httpx.Client, service: Any, path: str) -> None:
    assert client.get(path + "SPX?at=2026-05-27T10:00:00").status_code == 200
    (query,) = service.asked
    assert (query.expiry, query.strike_range, query.at) == (None, 0.03, TEN)
