"""Answers as bytes: blocks once encoded stand flat and under body, and read back as they were."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zerodte.wire.base import timestamp
from zerodte.wire.exposure import ExposureBlocks, Head, encode
from zerodte.wire.health import Health
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks

ANY = settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=8))


@ANY
@given(st.from_type(Head), st.from_type(ExposureBlocks) | st.from_type(SnapshotBlocks))
def test_blocks_stand_beside_the_head_and_again_under_body(
    head: Head, blocks: ExposureBlocks
) -> None:
    raw = encode(head, blocks)
    flat = json.loads(msgspec.json.encode(blocks))
    assert json.loads(raw) == json.loads(msgspec.json.encode(head)) | flat | {"body": flat}
    names = (*Head.__struct_fields__, *blocks.__struct_fields__, "body")
    assert tuple(json.loads(raw, object_pairs_hook=list)[i][0] for i in range(len(names))) == names


@pytest.mark.drill
@ANY
@given(st.from_type(Head), st.from_type(SnapshotBlocks))
def test_an_answer_reads_back(head: Head, blocks: SnapshotBlocks) -> None:
    raw = encode(head, blocks)
    assert msgspec.json.decode(raw, type=Head) == head
    assert msgspec.json.decode(raw, type=SnapshotBlocks) == blocks


@ANY
@given(st.from_type(NoZeroDte) | st.from_type(SessionClosed))
def test_degraded_answers_read_back_and_have_no_body(answer: NoZeroDte | SessionClosed) -> None:
    raw = msgspec.json.encode(answer)
    assert json.loads(raw)["body"] is None
    assert msgspec.json.decode(raw, type=type(answer)) == answer


def test_only_the_inventory_may_be_absent_and_then_is_null() -> None:
    absent = {
        field.name: field.default
        for field in msgspec.structs.fields(SnapshotBlocks)
        if field.default is not msgspec.NODEFAULT
    }
    assert absent == {"dealer_inventory": None}


def test_wire_time_is_utc_cut_to_the_second() -> None:
    nanoseconds = 1_779_895_812_999_999_999
    assert msgspec.json.encode(timestamp(nanoseconds)) == b'"2026-05-27T15:30:12Z"'
    assert msgspec.json.encode(timestamp(-1)) == b'"1969-12-31T23:59:59Z"'


def test_health_is_sound_without_reasons() -> None:
    assert Health.of(warnings=("a slow disk",)).status == "Healthy"
    assert (Health.of("no tape").status, Health.of("no tape").reasons) == (
        "Unhealthy",
        ("no tape",),
    )
