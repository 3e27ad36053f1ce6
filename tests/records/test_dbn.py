"""The layouts and sentinels, held against the vendor's own decoder."""

from typing import Any, cast

import databento_dbn as dbn
import numpy as np
import pytest

from zerodte.records.dbn import (
    CADENCE,
    RTYPES,
    SCHEMAS,
    TRADE_SCHEMAS,
    UNDEF_PRICE,
    UNDEF_QUANTITY,
    UNDEF_SIZE,
    UNDEF_TIME,
    records,
)

STRUCTS: dict[str, Any] = {
    "definition": dbn.InstrumentDefMsg,
    "statistics": dbn.StatMsg,
    "cbbo-1s": dbn.CBBOMsg,
    "cbbo-1m": dbn.CBBOMsg,
    "cmbp-1": dbn.CMBP1Msg,
    "tcbbo": dbn.CMBP1Msg,
    "mbp-1": dbn.MBP1Msg,
    "tbbo": dbn.MBP1Msg,
    "bbo-1s": dbn.BBOMsg,
    "bbo-1m": dbn.BBOMsg,
    "trades": dbn.TradeMsg,
}
RTYPE_NAMES = {
    "definition": "instrument-def",
    "mbp-1": "mbp-1",
    "tbbo": "mbp-1",
    "trades": "mbp-0",
}


def test_every_schema_is_covered() -> None:
    assert SCHEMAS.keys() == STRUCTS.keys() == RTYPES.keys()
    assert CADENCE.keys() | set(TRADE_SCHEMAS) | {"definition", "statistics"} == SCHEMAS.keys()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_layout_is_the_vendors(schema: str) -> None:
    assert SCHEMAS[schema] == np.dtype(STRUCTS[schema]._dtypes)
    assert SCHEMAS[schema].itemsize == STRUCTS[schema].size_hint


@pytest.mark.parametrize("schema", SCHEMAS)
def test_record_type_is_the_vendors(schema: str) -> None:
    named = RTYPE_NAMES.get(schema, schema)
    types = {str(kind): int(kind) for kind in dbn.RType.variants()}
    assert RTYPES[schema] == types[named]


def test_sentinels_are_the_vendors() -> None:
    assert UNDEF_PRICE == dbn.UNDEF_PRICE
    assert UNDEF_TIME == dbn.UNDEF_TIMESTAMP
    assert UNDEF_SIZE == dbn.UNDEF_ORDER_SIZE
    assert UNDEF_QUANTITY == dbn.UNDEF_STAT_QUANTITY


def test_blank_definition_is_the_vendors() -> None:
    theirs = dbn.InstrumentDefMsg(
        publisher_id=30,
        instrument_id=7,
        ts_event=1,
        ts_recv=2,
        min_price_increment=UNDEF_PRICE,
        display_factor=UNDEF_PRICE,
        raw_symbol="SPXW  220323C04480000",
        asset="",
        security_type="",
        instrument_class=cast("dbn.InstrumentClass", dbn.InstrumentClass.CALL),
        security_update_action=cast("dbn.SecurityUpdateAction", dbn.SecurityUpdateAction.ADD),
    )
    ours = records("definition", 1)
    ours["publisher_id"], ours["instrument_id"] = 30, 7
    ours["ts_event"], ours["ts_recv"] = 1, 2
    ours["raw_symbol"], ours["instrument_class"] = b"SPXW  220323C04480000", b"C"
    expected = np.frombuffer(bytes(theirs), SCHEMAS["definition"])
    different = [name for name in expected.dtype.names or () if ours[name] != expected[name]]
    assert different == []


def test_blank_statistic_is_the_vendors() -> None:
    theirs = dbn.StatMsg(
        publisher_id=30,
        instrument_id=7,
        ts_event=UNDEF_TIME,
        ts_recv=UNDEF_TIME,
        ts_ref=UNDEF_TIME,
        price=UNDEF_PRICE,
        quantity=55,
        stat_type=cast("dbn.StatType", dbn.StatType.OPEN_INTEREST),
    )
    ours = records("statistics", 1)
    ours["publisher_id"], ours["instrument_id"] = 30, 7
    ours["quantity"], ours["stat_type"] = 55, 9
    assert ours.tobytes() == bytes(theirs)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_blank_records_say_nothing(schema: str) -> None:
    blank = records(schema, 3)
    assert blank.shape == (3,)
    assert (blank["length"] == SCHEMAS[schema].itemsize // 4).all()
    assert (blank["rtype"] == RTYPES[schema]).all()
    undefined = {"ts_recv": UNDEF_TIME, "bid_px_00": UNDEF_PRICE, "ask_sz_00": UNDEF_SIZE}
    for name, value in undefined.items():
        if name in (blank.dtype.names or ()):
            assert (blank[name] == value).all()
    if schema in TRADE_SCHEMAS:
        assert (blank["action"] == b"T").all()
