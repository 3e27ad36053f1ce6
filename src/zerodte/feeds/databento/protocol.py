"""Databento's live protocol: the lines of text that open a session, and its control records.

A gateway greets, challenges, and answers to authentication; the client then subscribes and starts
the session, after which the gateway sends DBN: metadata, then records. Source: the public client
of the vendor, and the DBN specification (version 3).
"""

import enum
import hashlib
import hmac
from typing import Final

import numpy as np

from zerodte.feeds.feed import FeedError
from zerodte.records.dbn import HEADER, LENGTH_UNIT, Records, chosen_rows

#: Longest line, bytes: 500 symbols of 22 characters, and the rest of a subscription.
MAX_LINE: Final = 1 << 15
#: Symbols of one line.
SYMBOLS_PER_LINE: Final = 500
#: The characters of a key that its owner's client shows with each authentication.
BUCKET: Final = 5
#: Bytes before the part of the metadata whose length they tell.
METADATA_PREFIX: Final = 8
DBN_MAGIC: Final = b"DBN\x03"

ERROR: Final = 0x15
MAPPING: Final = 0x16
SYSTEM: Final = 0x17


class SystemCode(enum.IntEnum):
    """What a system record says."""

    HEARTBEAT = 0
    SUBSCRIPTION_ACK = 1
    REPLAY_COMPLETED = 3
    END_OF_INTERVAL = 4


class GatewayErrorCode(enum.IntEnum):
    """What an error record says."""

    AUTH_FAILED = 1
    API_KEY_DEACTIVATED = 2
    SYMBOL_RESOLUTION_FAILED = 4
    INVALID_SUBSCRIPTION = 5
    SKIPPED_RECORDS = 7
    REPLAY_AGED_OUT = 8


_UNSET_CODE: Final = 255

CONTROL_LAYOUTS: Final[dict[int, np.dtype[np.void]]] = {
    ERROR: np.dtype([*HEADER, ("err", "S302"), ("code", "u1"), ("is_last", "u1")]),
    SYSTEM: np.dtype([*HEADER, ("msg", "S303"), ("code", "u1")]),
    MAPPING: np.dtype(
        [
            *HEADER,
            ("stype_in", "u1"),
            ("stype_in_symbol", "S71"),
            ("stype_out", "u1"),
            ("stype_out_symbol", "S71"),
            ("start_ts", "<u8"),
            ("end_ts", "<u8"),
        ]
    ),
}
#: DBN's numbers of symbol types.
_RAW_SYMBOL, _PARENT = 1, 4


def encode_line(**fields: str | int) -> bytes:
    """A line of the protocol: `a=1|b=2`."""
    return "|".join(f"{name}={value}" for name, value in fields.items()).encode() + b"\n"


def decode_line(line: bytes) -> dict[str, str]:
    """The fields of a line.

    Raises:
        FeedError: If it is no such line.
    """
    try:
        text = line.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise FeedError("a line with other characters than ASCII") from error
    fields = {}
    for part in text.split("|"):
        name, equals, value = part.partition("=")
        if not equals:
            raise FeedError(f"the line {text[:80]!r}; expected: NAME=VALUE|NAME=VALUE")
        fields[name] = value
    return fields


def challenge_response(challenge: str, key: str) -> str:
    """What proves to a gateway that we have a key, without sending it."""
    digest = hashlib.sha256(f"{challenge}|{key}".encode()).hexdigest()
    return f"{digest}-{key[-BUCKET:]}"


def is_response(text: str, challenge: str, key: str) -> bool:
    """Whether a client's response proves that it has a key."""
    return hmac.compare_digest(text.encode(), challenge_response(challenge, key).encode())


def received_since(rows: Records, start: int) -> Records:
    """The records that were received since a time, UTC ns; 0 for all.

    The vendor replays trades by `ts_event`, the time of OPRA's report, which is that of receipt but
    for microseconds. In our tapes the `ts_event` of a late report is the time of its trade.
    """
    if not start or not len(rows):
        return rows
    times = rows["ts_recv"]
    return rows if times.min() >= start else chosen_rows(rows, times >= np.uint64(start))


def system_record(code: int, text: str, at: int) -> bytes:
    """A system record of a time, UTC ns."""
    row = _control(SYSTEM, at)
    row["msg"], row["code"] = text.encode()[:302], code
    return row.tobytes()


def error_record(code: int, text: str, at: int) -> bytes:
    """An error record of a time, UTC ns."""
    row = _control(ERROR, at)
    row["err"], row["code"], row["is_last"] = text.encode()[:301], code, 1
    return row.tobytes()


def mapping_records(symbols: dict[int, str], asked: dict[int, str], at: int) -> bytes:
    """The records that map ids to symbols.

    Args:
        symbols: Raw symbols by id.
        asked: The symbol by which each one was asked for.
        at: UTC ns.
    """
    rows = np.zeros(len(symbols), CONTROL_LAYOUTS[MAPPING])
    rows[...] = _control(MAPPING, at)
    rows["instrument_id"] = list(symbols)
    rows["stype_in_symbol"] = [asked[number] for number in symbols]
    rows["stype_in"] = [
        _PARENT if asked[number] != symbol else _RAW_SYMBOL for number, symbol in symbols.items()
    ]
    rows["stype_out"], rows["stype_out_symbol"] = _RAW_SYMBOL, list(symbols.values())
    rows["start_ts"] = rows["end_ts"] = np.iinfo(np.uint64).max
    return rows.tobytes()


def _control(rtype: int, at: int) -> Records:
    row: Records = np.zeros((), CONTROL_LAYOUTS[rtype])
    row["length"] = row.dtype.itemsize // LENGTH_UNIT
    row["rtype"], row["ts_event"] = rtype, at
    if "code" in (row.dtype.names or ()):
        row["code"] = _UNSET_CODE
    return row
