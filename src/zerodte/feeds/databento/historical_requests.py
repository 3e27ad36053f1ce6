"""What is asked of our own historical API, and the answers in JSON."""

import datetime
from collections.abc import Callable, Mapping
from typing import Final

from zerodte.clock import ClockError, parse_utc
from zerodte.constants import CALENDAR_DAY, SECOND
from zerodte.feeds.databento.historical import MOST_SYMBOLS
from zerodte.feeds.databento.historical_tapes import HistoricalTapes, RequestError, TapeQuery

_DOLLARS_PER_BYTE: Final = 1e-9


def tape_query(tapes: HistoricalTapes, fields: Mapping[str, str]) -> TapeQuery:
    """The records that a request asks for.

    Raises:
        RequestError: If a field is wrong, or asks for what is not there.
    """
    symbols = fields.get("symbols", "").split(",")
    if len(symbols) > MOST_SYMBOLS:
        raise RequestError("symbols", f"At most {MOST_SYMBOLS:,} symbols per request.")
    start = _time(fields.get("start", ""))
    end = _time(fields.get("end", "")) if "end" in fields else start + CALENDAR_DAY
    limit = fields.get("limit", "")
    return tapes.query(
        fields.get("dataset", ""),
        fields.get("schema", "trades"),
        fields.get("stype_in", "raw_symbol"),
        symbols,
        (start, end),
        int(limit) if limit.isdecimal() and 0 < len(limit) < 19 else None,
    )


def _time(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 20:
        return int(text)
    try:
        return parse_utc(text)
    except ClockError as error:
        raise RequestError("time", f"{error}.") from None


def _dataset_range(tapes: HistoricalTapes, fields: Mapping[str, str]) -> object:
    schemas = tapes.schemas(fields.get("dataset", ""))
    span = {"start": _iso(tapes.span[0]), "end": _iso(tapes.span[1])}
    return span | {"schema": dict.fromkeys(schemas, span)}


def _iso(time: int) -> str:
    return datetime.datetime.fromtimestamp(time // SECOND, datetime.UTC).strftime(
        "%Y-%m-%dT%H:%M:%S.000000000Z"
    )


def _dataset_condition(tapes: HistoricalTapes, fields: Mapping[str, str]) -> object:
    tapes.schemas(fields.get("dataset", ""))
    first, last = fields.get("start_date", ""), fields.get("end_date", "")
    return [
        {"date": f"{date}", "condition": condition, "last_modified_date": f"{date}"}
        for date, condition in tapes.conditions.items()
        if (first or f"{date}") <= f"{date}" <= (last or f"{date}")
    ]


def _resolve(tapes: HistoricalTapes, fields: Mapping[str, str]) -> object:
    symbols = fields.get("symbols", "").split(",")
    if len(symbols) > MOST_SYMBOLS:
        raise RequestError("symbols", f"At most {MOST_SYMBOLS:,} symbols per request.")
    stypes = fields.get("stype_in", ""), fields.get("stype_out", "")
    try:
        first = datetime.date.fromisoformat(fields.get("start_date", ""))
        text = fields.get("end_date")
        last = datetime.date.fromisoformat(text) if text else first + datetime.timedelta(days=1)
    except ValueError:
        raise RequestError("date", "The dates of a range are as 2025-06-06.") from None
    found, absent = tapes.resolve(fields.get("dataset", ""), stypes, symbols, (first, last))
    return {
        "result": {
            name: [
                {
                    "d0": day.isoformat(),
                    "d1": (day + datetime.timedelta(days=1)).isoformat(),
                    "s": to,
                }
                for day, to in days
            ]
            for name, days in found.items()
        },
        "symbols": symbols,
        "stype_in": stypes[0],
        "stype_out": stypes[1],
        "start_date": first.isoformat(),
        "end_date": last.isoformat(),
        "partial": [],
        "not_found": absent,
        "message": "OK" if not absent else "Not found",
        "status": 2 if absent else 0,
    }


#: The answers in JSON, by method.
ANSWERS: Final[dict[str, Callable[[HistoricalTapes, Mapping[str, str]], object]]] = {
    "metadata.list_datasets": lambda tapes, _: tapes.datasets,
    "metadata.list_schemas": lambda tapes, fields: tapes.schemas(fields.get("dataset", "")),
    "metadata.get_dataset_range": _dataset_range,
    "metadata.get_dataset_condition": _dataset_condition,
    "metadata.get_record_count": lambda tapes, fields: tapes.count(tape_query(tapes, fields)),
    "metadata.get_billable_size": lambda tapes, fields: tapes.size(tape_query(tapes, fields)),
    "metadata.get_cost": lambda tapes, fields: (
        tapes.size(tape_query(tapes, fields)) * _DOLLARS_PER_BYTE
    ),
    "symbology.resolve": _resolve,
}
