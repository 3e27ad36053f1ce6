"""A tape in Databento's historical API, asked for by the vendor's own client."""

from collections.abc import Iterator
from typing import Any

import databento as db
import pytest
from databento.historical.api.metadata import MetadataHttpAPI
from databento.historical.api.symbology import SymbologyHttpAPI
from databento.historical.api.timeseries import TimeseriesHttpAPI

from feeds.gateway import KEY, OPRA, SCHEMAS, batches, simulated
from feeds.historical import serving_past
from zerodte.feeds.databento.historical_server import HistoricalServer

#: Of the session of the tape, UTC.
DAY = {"start": "2025-06-06", "end": "2025-06-07"}


@pytest.fixture(scope="module")
def server() -> Iterator[HistoricalServer]:
    with serving_past(simulated()) as found:
        yield found


def rows_of(schema: str) -> list[Any]:
    """The records of a schema on the tape, by time of receipt."""
    found = [
        row
        for _, _, batch in batches(simulated())
        for row in batch.records
        if batch.schema == schema
    ]
    return sorted(found, key=lambda row: int(row["ts_recv"]))


def metadata(server: HistoricalServer, key: str = KEY) -> Any:
    return MetadataHttpAPI(key, server.url)


def received(server: HistoricalServer, **query: Any) -> list[bytes]:
    """The records that the vendor's client receives."""
    found = TimeseriesHttpAPI(KEY, server.url).get_range(dataset=OPRA, **query)
    return [bytes(record) for record in found]


def test_it_lists_what_it_has(server: HistoricalServer) -> None:
    api = metadata(server)
    assert OPRA in api.list_datasets()
    assert set(SCHEMAS) <= set(api.list_schemas(OPRA))
    span = api.get_dataset_range(OPRA)
    assert span["start"] == "2025-06-06T00:00:00.000000000Z"
    assert span["end"] == "2025-06-07T00:00:00.000000000Z"
    (condition,) = api.get_dataset_condition(OPRA, "2025-06-01", "2025-06-30")
    assert (condition["date"], condition["condition"]) == ("2025-06-06", "available")
    assert span["schema"]["tcbbo"] == {name: span[name] for name in ("start", "end")}


@pytest.mark.drill
@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_vendors_client_gets_every_record_by_time(
    server: HistoricalServer, schema: str
) -> None:
    wanted = [row.tobytes() for row in rows_of(schema)]
    assert received(server, schema=schema, symbols="ALL_SYMBOLS", **DAY) == wanted
    parents = {"symbols": "NVDA.OPT", "stype_in": "parent"}
    assert received(server, schema=schema, **parents, **DAY) == wanted


def test_sizes_and_costs_are_those_of_the_records(server: HistoricalServer) -> None:
    api, count = metadata(server), len(rows_of("tcbbo"))
    query = {"dataset": OPRA, "schema": "tcbbo", "symbols": "ALL_SYMBOLS", **DAY}
    assert count
    assert api.get_record_count(**query) == count
    assert api.get_billable_size(**query) == 80 * count
    assert api.get_cost(**query) == pytest.approx(80 * count / 1e9)


def test_symbols_times_and_limits_choose(server: HistoricalServer) -> None:
    rows = rows_of("tcbbo")
    number = int(rows[0]["instrument_id"])
    symbol = simulated().symbols[OPRA][number]
    own = [row for row in rows if row["instrument_id"] == number]
    wanted = [row.tobytes() for row in own]
    assert 2 < len(own) < len(rows)
    assert received(server, schema="tcbbo", symbols=[symbol], **DAY) == wanted
    assert received(server, schema="tcbbo", symbols=[symbol], limit=2, **DAY) == wanted[:2]
    by_id = {"symbols": [number], "stype_in": "instrument_id"}
    assert received(server, schema="tcbbo", **by_id, **DAY) == wanted
    # The start is included, the end is not.
    times = {"start": int(own[0]["ts_recv"]), "end": int(own[-1]["ts_recv"])}
    within = [row.tobytes() for row in own if times["start"] <= row["ts_recv"] < times["end"]]
    assert len(within) < len(own)
    assert received(server, schema="tcbbo", symbols=[symbol], **times) == within


def test_symbols_are_resolved_in_each_direction(server: HistoricalServer) -> None:
    api, known = SymbologyHttpAPI(KEY, server.url), simulated().symbols[OPRA]
    days = {"start_date": "2025-06-06", "end_date": "2025-06-07"}

    def resolve(symbols: list[str], stype_in: str, stype_out: str) -> Any:
        return api.resolve(OPRA, symbols, stype_in, stype_out, **days)

    found = resolve(["NVDA.OPT"], "parent", "instrument_id")["result"]
    assert {int(one["s"]): name for name, (one,) in found.items()} == known
    number, symbol = next(iter(known.items()))
    day = {"d0": "2025-06-06", "d1": "2025-06-07"}
    answer = resolve([symbol, "NONE"], "raw_symbol", "instrument_id")
    assert answer["result"] == {symbol: [{**day, "s": str(number)}]}
    assert answer["not_found"] == ["NONE"]
    answer = resolve([str(number)], "instrument_id", "raw_symbol")
    assert answer["result"] == {str(number): [{**day, "s": symbol}]}


def test_a_wrong_key_and_wrong_requests_are_refused_in_words(server: HistoricalServer) -> None:
    with pytest.raises(db.BentoClientError, match=r"Authentication failed") as refused:
        metadata(server, KEY[::-1]).list_datasets()
    assert refused.value.http_status == 401
    api = metadata(server)
    for wrong, words in (
        ({"schema": "mbo"}, "schema 'mbo'"),
        ({"dataset": "XNAS.ITCH"}, "no dataset 'XNAS.ITCH'"),
        ({"start": "2025-06-05"}, "nothing of a part of that time"),
        ({"end": "2025-06-06"}, "before start"),
        ({"symbols": [f"{n}" for n in range(2001)]}, "At most 2,000 symbols"),
        ({"symbols": "NONE"}, "None of the symbols"),
    ):
        query = {"dataset": OPRA, "schema": "tcbbo", "symbols": "ALL_SYMBOLS", **DAY} | wrong
        with pytest.raises(db.BentoClientError, match=words) as refused:
            api.get_cost(**query)
        assert refused.value.http_status == 422
