"""Files of every kind and every kind of damage, held against the vendor's own decoder."""

import itertools
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import databento
import databento_dbn as dbn
import numpy as np
import pytest
import zstandard

from zerodte.records.dbn import SCHEMAS, Records
from zerodte.tape import dbnfile
from zerodte.tape.dbnfile import CHUNK, find_files, read_metadata
from zerodte.tape.error import TapeError
from zerodte.tape.writer import TapeWriter

Make = Callable[..., Records]
CALL, PUT = "SPXW  220323C04480000", "SPXW  220323P04480000"
RECORDED = (
    "cbbo-1m",
    "cbbo-1s",
    "cmbp-1.v3",
    "definition",
    "mbp-1",
    "statistics",
    "tbbo",
    "trades",
)


def read(path: Path, warnings: list[str] | None = None) -> bytes:
    """All records of a file, as bytes; warnings fail unless they are asked for."""
    told: list[str] = []
    content = b"".join(c.tobytes() for c in read_metadata(path, path.name).chunks(told.append))
    if warnings is None:
        assert told == []
    else:
        warnings += told
    return content


def inflated(path: Path) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_files_are_read_as_the_vendor_reads_them(
    recorded: Path, tmp_path: Path, name: str
) -> None:
    path = recorded / "opra_dbn" / f"test_data.{name}.dbn.zst"
    store = databento.DBNStore.from_bytes(path.read_bytes())
    file = read_metadata(path, "x")
    assert (file.dataset, file.schema) == (store.dataset, str(store.schema))
    theirs = store.to_ndarray()
    assert len(theirs) > 0
    assert read(path) == theirs.tobytes()
    plain = tmp_path / f"{name}.dbn"
    plain.write_bytes(inflated(path))
    assert read(plain) == theirs.tobytes()


@pytest.mark.parametrize("name", ["many.dbn", "many.dbn.zst"])
def test_large_file_comes_in_chunks(writer: TapeWriter, make: Make, name: str) -> None:
    content = make("cbbo-1s", *np.linspace(0, 3600, 3 * CHUNK // 80 + 7))
    path = writer.write("OPRA.PILLAR", "cbbo-1s", content, name=name)
    chunks = list(read_metadata(path, name).chunks(pytest.fail))
    assert b"".join(chunk.tobytes() for chunk in chunks) == content.tobytes()
    assert len(chunks) > 2
    assert max(chunk.nbytes for chunk in chunks) <= 2 * CHUNK
    assert not any(chunk.flags.writeable for chunk in chunks)
    assert all(chunk.view("<u8").flags.aligned for chunk in chunks)


@pytest.mark.drill
def test_compressed_file_is_never_whole_in_memory(writer: TapeWriter, make: Make) -> None:
    content = make("cbbo-1s", *np.linspace(0, 3600, 500_000))
    path = writer.write("OPRA.PILLAR", "cbbo-1s", content, name="many.dbn.zst")
    file = read_metadata(path, "many")
    tracemalloc.start()
    count = sum(len(chunk) for chunk in file.chunks(pytest.fail))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == len(content)
    assert peak < 6 * CHUNK < content.nbytes / 3


def test_frames_may_be_of_any_size(writer: TapeWriter, make: Make) -> None:
    """A recorder ends a frame each second, wherever that is within the content."""
    content = make("trades", *range(300))
    plain = writer.write("OPRA.PILLAR", "trades", content, name="plain.dbn").read_bytes()
    cuts = [0, 3, 50, 51, 400, *range(1000, len(plain), 777), len(plain)]
    frames = [plain[start:stop] for start, stop in itertools.pairwise(cuts)]
    path = writer.path / "frames.dbn.zst"
    path.write_bytes(b"".join(zstandard.ZstdCompressor().compress(frame) for frame in frames))
    assert read(path) == content.tobytes()


def old_records(version: Any, schema: str) -> list[Any]:
    """Two definitions or statistics in the vendor's own classes for an earlier version."""
    common = {"publisher_id": 30, "ts_event": 3, "ts_recv": 4}
    if schema == "statistics":
        return [
            version.StatMsg(
                **common,
                instrument_id=number,
                ts_ref=5,
                price=dbn.UNDEF_PRICE,
                quantity=number * 100,
                stat_type=dbn.StatType.OPEN_INTEREST,
            )
            for number in (1, 2)
        ]
    parameters = version.InstrumentDefMsg.__text_signature__.strip("()").split(", ")
    required: dict[str, Any] = {name: 0 for name in parameters if "=" not in name}
    texts = "currency settl_currency secsubtype group exchange asset cfi security_type "
    texts += "unit_of_measure underlying strike_price_currency"
    required |= dict.fromkeys(set(texts.split()) & required.keys(), "")
    required |= {
        "instrument_class": dbn.InstrumentClass.CALL,
        "match_algorithm": dbn.MatchAlgorithm.FIFO,
        "security_update_action": dbn.SecurityUpdateAction.ADD,
        "user_defined_instrument": dbn.UserDefinedInstrument.NO,
    } | common
    return [
        version.InstrumentDefMsg(**required | {"instrument_id": number, "raw_symbol": symbol})
        for number, symbol in ((1, CALL), (2, PUT))
    ]


def old_file(path: Path, number: int, schema: str, content: bytes) -> Path:
    metadata = dbn.Metadata(
        dataset="OPRA.PILLAR",
        start=1,
        stype_in=dbn.SType.RAW_SYMBOL,  # type: ignore[arg-type]
        stype_out=dbn.SType.INSTRUMENT_ID,  # type: ignore[arg-type]
        schema=dbn.Schema.from_str(schema),
        symbols=[CALL, PUT, "X"],
        version=number,
    )
    raw = bytes(metadata) + content
    path.write_bytes(zstandard.ZstdCompressor().compress(raw) if path.suffix == ".zst" else raw)
    return path


@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
@pytest.mark.parametrize("schema", ["definition", "statistics"])
@pytest.mark.parametrize(("number", "version"), [(1, dbn.v1), (2, dbn.v2)])
def test_earlier_versions_are_upgraded(
    tmp_path: Path, number: int, version: Any, schema: str, suffix: str
) -> None:
    content = b"".join(map(bytes, old_records(version, schema)))
    path = old_file(tmp_path / f"old{suffix}", number, schema, content)
    upgraded = np.frombuffer(read(path), SCHEMAS[schema])
    decoder = dbn.DBNDecoder(
        upgrade_policy=dbn.VersionUpgradePolicy.UPGRADE_TO_V3  # type: ignore[arg-type]
    )
    _, *theirs = decoder.write_and_decode(path.read_bytes() if suffix == ".dbn" else inflated(path))
    assert upgraded.tobytes() == b"".join(map(bytes, theirs))
    assert upgraded["instrument_id"].tolist() == [1, 2]
    if schema == "definition":
        assert upgraded["raw_symbol"].tolist() == [CALL.encode(), PUT.encode()]
    else:
        assert upgraded["quantity"].tolist() == [100, 200]
    cut = old_file(tmp_path / f"cut{suffix}", number, schema, content[:-5])
    told: list[str] = []
    assert read(cut, told) == upgraded[:1].tobytes()
    assert "the last record is cut off" in told[0]


@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
def test_market_data_of_earlier_versions_is_taken_as_it_is(
    tmp_path: Path, make: Make, suffix: str
) -> None:
    content = make("mbp-1", *range(50))
    path = old_file(tmp_path / f"old{suffix}", 1, "mbp-1", content.tobytes())
    file = read_metadata(path, "old")
    assert file.offset % 8 != 0, "this file is to begin its records off a word's boundary"
    chunks = list(file.chunks(pytest.fail))
    assert b"".join(chunk.tobytes() for chunk in chunks) == content.tobytes()
    assert all(chunk.view("<u8").flags.aligned for chunk in chunks)
    assert not any(chunk.flags.writeable for chunk in chunks)


@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
def test_file_cut_anywhere_gives_what_is_whole(writer: TapeWriter, make: Make, suffix: str) -> None:
    content = make("trades", *range(4))
    content["price"] = np.random.default_rng(1).integers(0, 2**60, 4)
    whole = writer.write("OPRA.PILLAR", "trades", content, name="whole.dbn").read_bytes()
    if suffix == ".dbn.zst":
        start = len(whole) - 4 * 48
        parts = [whole[:start], *(whole[at : at + 48] for at in range(start, len(whole), 48))]
        whole = b"".join(map(zstandard.compress, parts))
    path = writer.path / f"cut{suffix}"
    refused, seen = 0, set()
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        told: list[str] = []
        try:
            got = read(path, told)
        except TapeError:
            refused = size
            continue
        count = len(got) // 48
        assert got == content[:count].tobytes()
        if suffix == ".dbn":
            assert bool(told) == ((len(whole) - size) % 48 != 0)
        seen.add(count)
    assert seen == {*range(4)}
    path.write_bytes(whole[:refused])
    with pytest.raises(TapeError, match="cut off within its metadata"):
        read(path)


def test_cut_off_record_is_named(writer: TapeWriter, make: Make) -> None:
    path = writer.write("OPRA.PILLAR", "trades", make("trades", 1, 2), name="a.dbn")
    path.write_bytes(path.read_bytes()[:-15])
    told: list[str] = []
    assert len(read(path, told)) == 48
    assert told == ["a.dbn: the last record is cut off (33 bytes); it is left out"]


def mixed(schema: dbn.Schema | None, *, ts_out: bool = False) -> bytes:
    return bytes(
        dbn.Metadata(
            dataset="X",
            start=1,
            stype_in=dbn.SType.RAW_SYMBOL,  # type: ignore[arg-type]
            stype_out=dbn.SType.INSTRUMENT_ID,  # type: ignore[arg-type]
            schema=schema,
            ts_out=ts_out,
        )
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.dbn", b"", "empty"),
        ("a.dbn.zst", b"", "empty"),
        ("a.dbn", b"root,strike\nSPX,4480\n", r"not a DBN file; it begins with b'root,str'"),
        ("a.dbn", b"D", "cut off within its metadata"),
        ("a.dbn.zst", b"root,strike\nSPX,4480\n", "damaged, or not zstd"),
        ("a.dbn.zst", zstandard.compress(b"PK\3\4 and more"), "not a DBN file"),
        ("a.dbn.zst", zstandard.compress(b""), "cut off within its metadata"),
        ("a.dbn", b"DBN\4" + bytes(200), "DBN version 4; versions 1 to 3 are supported"),
        ("a.dbn", b"DBN\3\xff\0\0\0" + bytes(200), "cut off within its metadata"),
        ("a.dbn", b"DBN\3\x40\0\0\0" + b"\xff" * 64, "metadata cannot be read"),
        ("a.dbn", mixed(None), "several schemas"),
        ("a.dbn", mixed(dbn.Schema.from_str("trades"), ts_out=True), "ts_out"),
    ],
)
def test_what_is_no_dbn_file_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TapeError, match=message) as refused:
        read_metadata(path, name)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
@pytest.mark.parametrize(("byte", "said"), [(0, "length 28"), (1, "type 0x07")])
def test_damage_within_is_found_and_placed(
    writer: TapeWriter,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    byte: int,
    said: str,
) -> None:
    monkeypatch.setattr(dbnfile, "CHUNK", 5 * 48)
    path = writer.write("OPRA.PILLAR", "trades", make("trades", *range(20)), name="a.dbn")
    raw = bytearray(path.read_bytes())
    raw[-48 * 3 + byte] = 7
    path = writer.path / f"b{suffix}"
    path.write_bytes(bytes(raw) if suffix == ".dbn" else zstandard.compress(bytes(raw)))
    with pytest.raises(TapeError, match=f"record 17 has .*{said}.*trades have 48 and 0x00"):
        read(path)


def test_damaged_frame_is_found(writer: TapeWriter, make: Make) -> None:
    content = make("trades", *range(50))
    content["price"] = np.random.default_rng(1).integers(0, 2**60, 50)
    path = writer.write("OPRA.PILLAR", "trades", content, name="a.dbn.zst")
    raw = bytearray(path.read_bytes())
    raw[-30] ^= 1
    path.write_bytes(raw)
    with pytest.raises(TapeError, match="damaged, or not zstd"):
        read(path)


def test_definitions_of_an_earlier_version_are_no_other_schema(tmp_path: Path) -> None:
    content = b"".join(map(bytes, old_records(dbn.v1, "statistics")))
    path = old_file(tmp_path / "old.dbn", 1, "definition", content)
    with pytest.raises(TapeError, match=r"old\.dbn"):
        read(path)


def test_files_are_found_by_what_they_are(writer: TapeWriter, make: Make) -> None:
    names = ("b.dbn", "a.dbn.zst", "sub/a.dbn", "truth/a.dbn", ".cache/a.dbn", "c.dbn.zst.part")
    for name in names[:5]:
        writer.write("OPRA.PILLAR", "trades", make("trades", 1), name=name)
    (writer.path / names[5]).write_bytes(b"half a file")
    (writer.path / "notes.txt").write_text("no data")
    assert [file.name for file in find_files(writer.path)] == ["a.dbn.zst", "b.dbn", "sub/a.dbn"]
