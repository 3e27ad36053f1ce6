"""The DBN version 3 layouts that a tape may hold, as numpy structured types.

Field names, widths and sentinels are those of the public DBN specification, so that a file
mapped into memory is an array of records without any decoding.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from zerodte.arrays import I64, Bool, Index, Rows

Records: TypeAlias = Rows

UNDEF_PRICE: Final = 2**63 - 1
UNDEF_QUANTITY: Final = 2**63 - 1
UNDEF_SIZE: Final = 2**32 - 1
UNDEF_TIME: Final = 2**64 - 1
PRICE_SCALE: Final = 1e-9

STAT_CLEARED_VOLUME: Final = 6
STAT_OPEN_INTEREST: Final = 9
#: The update action of a statistic that its publisher takes back.
STAT_DELETED: Final = 2

#: The consolidated feed of US options, and the publisher of its consolidated quotes; every other
#: publisher of the dataset is one venue.
OPRA: Final = "OPRA.PILLAR"
OPRA_CONSOLIDATED: Final = 30
#: The dataset of index values, which are kept as trades.
INDEX: Final = "ZERODTE.INDEX"
#: The same, and the vendor's datasets of index values.
INDEX_DATASETS: Final = (INDEX, "DBIX.CORE")
#: Cboe's delayed quotes of options.
CBOE_DELAYED: Final = "CBOE.DELAYED"
#: Quotes and trades of options, and quotes of equities, as tastytrade sends them.
TASTY_OPRA: Final = "TASTY.OPRA"
TASTY_EQUITY: Final = "TASTY.EQUITY"
#: Quotes and trades of options as Alpaca sends them; its free quotes, which are derived ones. The
#: name of a dataset has 15 characters at most.
ALPACA_OPRA: Final = "ALPACA.OPRA"
ALPACA_INDICATIVE: Final = "ALPACA.INDICAT"
#: Quotes and trades of options, and quotes of equities, as Tradier sends them.
TRADIER_OPRA: Final = "TRADIER.OPRA"
TRADIER_EQUITY: Final = "TRADIER.EQUITY"
#: Quotes and trades of options as ThetaData has them.
THETA_OPRA: Final = "THETA.OPRA"
#: Quotes and trades of options as Massive has them.
MASSIVE_OPRA: Final = "MASSIVE.OPRA"
#: What they have is options, also before any is known.
OPTION_DATASETS: Final = (
    OPRA,
    CBOE_DELAYED,
    TASTY_OPRA,
    ALPACA_OPRA,
    ALPACA_INDICATIVE,
    THETA_OPRA,
    MASSIVE_OPRA,
    TRADIER_OPRA,
)

#: The header's `length` counts words of four bytes.
LENGTH_UNIT: Final = 4

#: What every record begins with.
HEADER: Final = [
    ("length", "u1"),
    ("rtype", "u1"),
    ("publisher_id", "<u2"),
    ("instrument_id", "<u4"),
    ("ts_event", "<u8"),
]

_TRADE = [
    *HEADER,
    ("price", "<i8"),
    ("size", "<u4"),
    ("action", "S1"),
    ("side", "S1"),
    ("flags", "u1"),
    ("depth", "u1"),
    ("ts_recv", "<u8"),
    ("ts_in_delta", "<i4"),
    ("sequence", "<u4"),
]

_TOP = [
    ("bid_px_00", "<i8"),
    ("ask_px_00", "<i8"),
    ("bid_sz_00", "<u4"),
    ("ask_sz_00", "<u4"),
]
_COUNTS = [("bid_ct_00", "<u4"), ("ask_ct_00", "<u4")]
_VENUES = [
    ("bid_pb_00", "<u2"),
    ("_reserved1_00", "S2"),
    ("ask_pb_00", "<u2"),
    ("_reserved2_00", "S2"),
]

_MBP1 = [*_TRADE, *_TOP, *_COUNTS]

_CMBP1 = [
    *HEADER,
    ("price", "<i8"),
    ("size", "<u4"),
    ("action", "S1"),
    ("side", "S1"),
    ("flags", "u1"),
    ("_reserved1", "S1"),
    ("ts_recv", "<u8"),
    ("ts_in_delta", "<i4"),
    ("_reserved2", "S4"),
    *_TOP,
    *_VENUES,
]

_SAMPLED = [
    *HEADER,
    ("price", "<i8"),
    ("size", "<u4"),
    ("_reserved1", "u1"),
    ("side", "S1"),
    ("flags", "u1"),
    ("_reserved2", "u1"),
    ("ts_recv", "<u8"),
]
_CBBO = [*_SAMPLED, ("_reserved3", "S8"), *_TOP, *_VENUES]
_BBO = [*_SAMPLED, ("_reserved3", "S4"), ("sequence", "<u4"), *_TOP, *_COUNTS]

_STATISTICS = [
    *HEADER,
    ("ts_recv", "<u8"),
    ("ts_ref", "<u8"),
    ("price", "<i8"),
    ("quantity", "<i8"),
    ("sequence", "<u4"),
    ("ts_in_delta", "<i4"),
    ("stat_type", "<u2"),
    ("channel_id", "<u2"),
    ("update_action", "u1"),
    ("stat_flags", "u1"),
    ("_reserved", "S18"),
]

_DEFINITION = [
    *HEADER,
    ("ts_recv", "<u8"),
    ("min_price_increment", "<i8"),
    ("display_factor", "<i8"),
    ("expiration", "<u8"),
    ("activation", "<u8"),
    ("high_limit_price", "<i8"),
    ("low_limit_price", "<i8"),
    ("max_price_variation", "<i8"),
    ("unit_of_measure_qty", "<i8"),
    ("min_price_increment_amount", "<i8"),
    ("price_ratio", "<i8"),
    ("strike_price", "<i8"),
    ("raw_instrument_id", "<u8"),
    ("leg_price", "<i8"),
    ("leg_delta", "<i8"),
    ("inst_attrib_value", "<i4"),
    ("underlying_id", "<u4"),
    ("market_depth_implied", "<i4"),
    ("market_depth", "<i4"),
    ("market_segment_id", "<u4"),
    ("max_trade_vol", "<u4"),
    ("min_lot_size", "<i4"),
    ("min_lot_size_block", "<i4"),
    ("min_lot_size_round_lot", "<i4"),
    ("min_trade_vol", "<u4"),
    ("contract_multiplier", "<i4"),
    ("decay_quantity", "<i4"),
    ("original_contract_size", "<i4"),
    ("leg_instrument_id", "<u4"),
    ("leg_ratio_price_numerator", "<i4"),
    ("leg_ratio_price_denominator", "<i4"),
    ("leg_ratio_qty_numerator", "<i4"),
    ("leg_ratio_qty_denominator", "<i4"),
    ("leg_underlying_id", "<u4"),
    ("appl_id", "<i2"),
    ("maturity_year", "<u2"),
    ("decay_start_date", "<u2"),
    ("channel_id", "<u2"),
    ("leg_count", "<u2"),
    ("leg_index", "<u2"),
    ("currency", "S4"),
    ("settl_currency", "S4"),
    ("secsubtype", "S6"),
    ("raw_symbol", "S71"),
    ("group", "S21"),
    ("exchange", "S5"),
    ("asset", "S11"),
    ("cfi", "S7"),
    ("security_type", "S7"),
    ("unit_of_measure", "S31"),
    ("underlying", "S21"),
    ("strike_price_currency", "S4"),
    ("leg_raw_symbol", "S71"),
    ("instrument_class", "S1"),
    ("match_algorithm", "S1"),
    ("main_fraction", "u1"),
    ("price_display_format", "u1"),
    ("sub_fraction", "u1"),
    ("underlying_product", "u1"),
    ("security_update_action", "S1"),
    ("maturity_month", "u1"),
    ("maturity_day", "u1"),
    ("maturity_week", "u1"),
    ("user_defined_instrument", "S1"),
    ("contract_multiplier_unit", "i1"),
    ("flow_schedule_type", "i1"),
    ("tick_rule", "u1"),
    ("leg_instrument_class", "S1"),
    ("leg_side", "S1"),
    ("_reserved", "S17"),
]

#: Schema to layout. `tcbbo` has the layout of `cmbp-1`: read as `cbbo` it would lose `action`.
SCHEMAS: Final[dict[str, np.dtype[np.void]]] = {
    "definition": np.dtype(_DEFINITION),
    "statistics": np.dtype(_STATISTICS),
    "cbbo-1s": np.dtype(_CBBO),
    "cbbo-1m": np.dtype(_CBBO),
    "cmbp-1": np.dtype(_CMBP1),
    "tcbbo": np.dtype(_CMBP1),
    "mbp-1": np.dtype(_MBP1),
    "tbbo": np.dtype(_MBP1),
    "bbo-1s": np.dtype(_BBO),
    "bbo-1m": np.dtype(_BBO),
    "trades": np.dtype(_TRADE),
}

#: Schema to the record type byte of its records.
RTYPES: Final[dict[str, int]] = {
    "definition": 0x13,
    "statistics": 0x18,
    "cbbo-1s": 0xC0,
    "cbbo-1m": 0xC1,
    "cmbp-1": 0xB1,
    "tcbbo": 0xC2,
    "mbp-1": 0x01,
    "tbbo": 0x01,
    "bbo-1s": 0xC3,
    "bbo-1m": 0xC4,
    "trades": 0x00,
}

#: Quote schema to the interval between two quotes of an instrument, in ns; 0: at every change.
CADENCE: Final[dict[str, int]] = {
    "cmbp-1": 0,
    "cbbo-1s": 1_000_000_000,
    "mbp-1": 0,
    "bbo-1s": 1_000_000_000,
    "cbbo-1m": 60_000_000_000,
    "bbo-1m": 60_000_000_000,
}

#: Schemas whose every record is a trade.
TRADE_SCHEMAS: Final = ("tcbbo", "tbbo", "trades")

#: The value a field starts with where zero (or an empty text) does not mean "undefined".
_UNDEFINED: Final[dict[str, int | bytes]] = {
    **dict.fromkeys(("ts_event", "ts_recv", "ts_ref", "expiration", "activation"), UNDEF_TIME),
    **dict.fromkeys(("price", "bid_px_00", "ask_px_00"), UNDEF_PRICE),
    **dict.fromkeys(("size", "bid_sz_00", "ask_sz_00"), UNDEF_SIZE),
    "quantity": UNDEF_QUANTITY,
    "action": b"A",
    "side": b"N",
    "channel_id": 0xFFFF,
}
_STATISTICS_UNDEFINED: Final[dict[str, int | bytes]] = {**_UNDEFINED, "update_action": 1}
_DEFINITION_ZERO: Final = ("raw_instrument_id", "underlying_id", "leg_count", "leg_index")
_DEFINITION_FLAGS: Final[dict[str, int | bytes]] = {
    "match_algorithm": b" ",
    "security_update_action": b"A",
    "user_defined_instrument": b"N",
    "leg_side": b"N",
}


def times_of(rows: Records, field: str) -> I64:
    """Times of records, int64[n], UTC ns; negative where undefined."""
    times: I64 = rows[field].astype(np.int64)
    return times


def newest_time(rows: Records, field: str) -> int:
    """The newest of the records' times, UTC ns; 0 if none is defined."""
    return int(times_of(rows, field).max(initial=0))


def joined_rows(parts: Sequence[Records]) -> Records:
    """Records of one layout, one part after the other, as a writable array; at least one part."""
    out: Records = np.concatenate([_as_bytes(part) for part in parts]).view(parts[0].dtype)
    return out


def chosen_rows(rows: Records, which: Bool | Index) -> Records:
    """The records of a mask or of positions, as a writable array."""
    out: Records = _as_bytes(rows)[which].view(rows.dtype)
    return out


def copied_rows(rows: Records) -> Records:
    """The records as a writable array of their own."""
    out: Records = _as_bytes(rows).copy().view(rows.dtype)
    return out


def _as_bytes(rows: Records) -> Rows:
    """The same rows without fields: numpy copies fields one by one, at a tenth of the speed."""
    plain: Rows = rows.view(np.dtype((np.void, rows.dtype.itemsize)))
    return plain


def records(schema: str, n: int) -> Records:
    """Make `n` records of a schema that say nothing yet.

    Header length and record type are filled in, every field whose value is unknown holds its
    DBN sentinel, and `action` says trade in the schemas that hold nothing else.

    Args:
        schema: A key of `SCHEMAS`.
        n: How many.

    Returns:
        A writable array of `SCHEMAS[schema]`, shape (n,).
    """
    layout = SCHEMAS[schema]
    out: Records = np.zeros(n, layout)
    out[...] = _blank(schema, layout)
    return out


def _blank(schema: str, layout: np.dtype[np.void]) -> Records:
    blank: Records = np.zeros((), layout)
    blank["length"] = layout.itemsize // LENGTH_UNIT
    blank["rtype"] = RTYPES[schema]
    for name, value in _undefined(schema, layout).items():
        blank[name] = value
    if schema in TRADE_SCHEMAS:
        blank["action"] = b"T"
    return blank


def _undefined(schema: str, layout: np.dtype[np.void]) -> dict[str, int | bytes]:
    names = layout.names or ()
    if schema == "definition":
        return _undefined_definition(layout)
    table = _STATISTICS_UNDEFINED if schema == "statistics" else _UNDEFINED
    return {name: table[name] for name in names if name in table}


def _undefined_definition(layout: np.dtype[np.void]) -> dict[str, int | bytes]:
    """In a definition every number is undefined at its type's maximum, but identities and legs."""
    header = {"length", "rtype", "publisher_id", "instrument_id"}
    zero = header.union(_DEFINITION_ZERO)
    out: dict[str, int | bytes] = dict(_DEFINITION_FLAGS)
    for name in layout.names or ():
        field = layout[name]
        leg = name.startswith("leg_") and name not in {"leg_price", "leg_delta"}
        if field.kind in "iu" and name not in zero and not leg:
            out[name] = int(np.iinfo(field.type).max)
    return out
