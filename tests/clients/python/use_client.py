"""Uses the generated Python client: `use_client.py URL`, with the client's folder on the path."""

import sys

from zerodte_client import Client
from zerodte_client.api.default import (
    get_health,
    get_hedge_flow,
    get_leaderboard,
    get_series,
    get_snapshot,
)
from zerodte_client.models import (
    ErrorBody,
    GetHedgeFlowSide,
    GetSeriesBar,
    Health,
    HedgeFlow,
    Leaderboard,
    NoZeroDte,
    Series,
    SessionClosed,
    Snapshot,
)

client = Client(base_url=sys.argv[1])
health = get_health.sync(client=client)
assert isinstance(health, Health)
assert health.status == "Healthy"

snapshot = get_snapshot.sync("SPX", client=client)
assert isinstance(snapshot, Snapshot), type(snapshot)
assert snapshot.symbol == "SPX"
assert snapshot.regime.label
assert isinstance(snapshot.strikes[0].call_oi, int)
assert snapshot.body.regime.label == snapshot.regime.label
assert isinstance(get_snapshot.sync("TSLA", client=client), NoZeroDte)
assert isinstance(get_snapshot.sync("QQQ", client=client), SessionClosed)

series = get_series.sync("SPX", client=client, bar=GetSeriesBar.VALUE_1, minutes=30)
assert isinstance(series, Series)
assert series.bars
flow = get_hedge_flow.sync("SPX", client=client, side=GetHedgeFlowSide.CALLS)
assert isinstance(flow, HedgeFlow)
board = get_leaderboard.sync(client=client, n=5)
assert isinstance(board, Leaderboard)
assert board.entries[0].rank

unknown = get_snapshot.sync_detailed("XYZ", client=client)
assert unknown.status_code == 404
assert isinstance(unknown.parsed, ErrorBody)
assert unknown.parsed.error == "symbol_not_found"
print("all as typed")
