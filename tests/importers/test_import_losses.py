"""Cells that cannot be read: the fact is unknown, the contract stays, and every answer says so."""

import json
from pathlib import Path

import msgspec
import pytest

from importers.test_cboe_chain import ABOVE, HEADER, SPX_AT, chain_file, held
from zerodte.importers.cboe_chain import import_chain
from zerodte.importers.cboe_eod import import_eod
from zerodte.records.dbn import UNDEF_PRICE
from zerodte.runtime.replay import replay, source_of
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

STRIKES = range(4450, 4510, 5)
INDEX = 'An Index,Last: 4479.09,Change: 1\n"Date: x",Bid: 0,Ask: 0'


def row(strike: int, **call: str) -> str:
    """A row of a sound chain around 4,479, except for the given cells of its call."""
    above = max(4479 - strike, 0) + 10
    below = max(strike - 4479, 0) + 10
    cells = {"bid": f"{above}", "ask": f"{above}.5", "volume": "7", "oi": "100"} | call
    osi = f"SPXW220323C0{strike}000"
    left = f"{osi},0,0,{cells['bid']},{cells['ask']},{cells['volume']},0,0,0,{cells['oi']}"
    right = f"{osi.replace('C0', 'P0')},0,0,{below},{below}.5,7,0,0,0,100"
    return f"Wed Mar 23 2022,{left},{strike}.00,{right}"


def chain(folder: Path, *, above: str = INDEX, header: str = HEADER, **call: str) -> Path:
    return chain_file(
        folder, *(row(strike, **call) for strike in STRIKES), above=above, header=header
    )


def warnings(tape_folder: Path, symbol: str = "SPX") -> list[str]:
    tape = open_tape(tape_folder)
    body = snapshot(replay(tape), source_of(tape), SnapshotQuery(symbol=symbol))
    found = msgspec.json.decode(body)["warnings"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("cell", ["nan", "12.5", "--", "", "-3", "1e3", "N/A"])
def test_open_interest_that_cannot_be_read_is_unknown(tmp_path: Path, cell: str) -> None:
    summary = import_chain(chain(tmp_path, oi=cell), SPX_AT, tmp_path / "t")
    assert (summary.contracts, summary.open_interest, summary.quotes) == (24, 12, 24)
    found = held(open_tape(tmp_path / "t"))
    assert len(found.defined) == len(found.bid) == 24
    assert {raw[12] for raw in found.open_interest} == {"P"}
    (text,) = [text for text in warnings(tmp_path / "t") if "imported file" in text]
    assert text == (
        f"open interest unknown for 12 of 24 (50%) in the imported file, such as {cell!r} on line 5"
    )
    losses = json.loads((tmp_path / "t" / "tape.json").read_text())["import_losses"]
    assert losses["SPX"]["open interest"]["unknown"] == 12
    assert losses["SPX"]["open interest"]["seen"] == 24


@pytest.mark.drill
@pytest.mark.parametrize("cell", ["", "-1", "--", "N/A", "$1.2", "nan", "-0.05"])
@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_side_that_cannot_be_read_has_no_quote(tmp_path: Path, side: str, cell: str) -> None:
    summary = import_chain(chain(tmp_path, **{side: cell}), SPX_AT, tmp_path / "t")
    assert (summary.contracts, summary.open_interest, summary.quotes) == (24, 24, 24)
    found = held(open_tape(tmp_path / "t"))
    lost, kept = (found.bid, found.ask) if side == "bid" else (found.ask, found.bid)
    calls = [raw for raw in found.defined if raw[12] == "C"]
    assert {lost[raw] for raw in calls} == {UNDEF_PRICE}
    assert UNDEF_PRICE not in {kept[raw] for raw in calls}
    assert any(f"{side}s unknown for 12 of 24" in text for text in warnings(tmp_path / "t"))


@pytest.mark.parametrize("cell", ["", "nan", "--", "1.5"])
def test_volume_that_cannot_be_read_is_unknown(tmp_path: Path, cell: str) -> None:
    summary = import_chain(chain(tmp_path, volume=cell), SPX_AT, tmp_path / "t")
    assert (summary.contracts, summary.volumes, summary.open_interest) == (24, 12, 24)
    assert any("volume unknown for 12 of 24" in text for text in warnings(tmp_path / "t"))


def test_a_sound_file_has_no_losses(tmp_path: Path) -> None:
    import_chain(chain(tmp_path), SPX_AT, tmp_path / "t")
    assert json.loads((tmp_path / "t" / "tape.json").read_text())["import_losses"] == {}
    assert not any("imported" in text for text in warnings(tmp_path / "t"))


def test_losses_of_two_snapshots_are_added_and_belong_to_their_symbol(tmp_path: Path) -> None:
    for at in ("2022-03-23T10:11", "2022-03-23T10:12"):
        import_chain(chain(tmp_path, oi="--"), at, tmp_path / "t")
    other = chain(tmp_path)
    other.write_text(other.read_text().replace("SPXW", "XSP"))
    import_chain(other, SPX_AT, tmp_path / "t")
    assert any("open interest unknown for 24 of 48" in text for text in warnings(tmp_path / "t"))
    assert not any("imported" in text for text in warnings(tmp_path / "t", "XSP"))


def test_a_download_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    file = chain(tmp_path)
    text = file.read_text()
    for end in ("", "\n"):
        file.write_text(text[:-60] + end)
        with pytest.raises(TapeError, match=r"line 16: the file ends within a row.*download it"):
            import_chain(file, SPX_AT, tmp_path / "t")
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize(
    ("title", "price"),
    [
        ("An Index,Last: 4,479.09,Change: 1", 4479_090000000),
        ("An Index,Last: 5,930.4,Change: 1", 5930_400000000),
        ("An Index,Last: 12,479,Change: 1", 12479_000000000),
        ("An Index,Last: 479.5,Change: 1,234", 479_500000000),
    ],
)
def test_unquoted_thousands_of_a_title_are_joined(tmp_path: Path, title: str, price: int) -> None:
    file = chain(tmp_path, above=f'{title}\n"Date: x",Bid: 0,Ask: 0,Volume: 91,391,793')
    import_chain(file, SPX_AT, tmp_path / "t")
    (value,) = held(open_tape(tmp_path / "t")).underlying
    assert value.records["price"].tolist() == [price]


@pytest.mark.parametrize(
    ("above", "field", "price"),
    [
        ("SPX (S&P 500 INDEX),4479.09,-16.34\nOct 15 2018 @ 20:00 ET", "price", 4479_090000000),
        ("SPX (S&P 500 INDEX),4,479.09,-16.34,\nOct 15 2018 @ 20:00 ET,", "price", 4479_090000000),
        (
            "A (B),99.6,-0.1,\nMay 1 2019 @ 10:06 ET,Bid,99.5,Ask,99.7,Vol,3",
            "bid_px_00",
            99_500000000,
        ),
    ],
)
def test_titles_of_older_downloads_tell_the_price(
    tmp_path: Path, above: str, field: str, price: int
) -> None:
    file = chain(tmp_path, above=above, header=HEADER.replace("Volume", "Vol"))
    if field != "price":
        file.write_text(file.read_text().replace("SPXW", "ABC"))
    import_chain(file, SPX_AT, tmp_path / "t")
    (value,) = held(open_tape(tmp_path / "t")).underlying
    assert value.records[field].tolist() == [price]


def test_several_underlyings_in_one_chain_share_the_tape(tmp_path: Path) -> None:
    file = chain(tmp_path, oi="--")
    other = "\n".join(row(strike) for strike in STRIKES).replace("SPXW", "XSP")
    file.write_text(file.read_text() + other + "\n")
    summary = import_chain(file, SPX_AT, tmp_path / "t")
    assert [found.symbol for found in (summary, *summary.others)] == ["SPX", "XSP"]
    assert "\nXSP, 2022-03-23 10:11:00" in str(summary)
    assert len(held(open_tape(tmp_path / "t")).defined) == 48
    assert any("open interest unknown" in text for text in warnings(tmp_path / "t"))
    assert not any("imported" in text for text in warnings(tmp_path / "t", "XSP"))


def assert_same_as_sound(folder: Path, content: bytes) -> None:
    sound = import_chain(chain(folder), SPX_AT, folder / "sound")
    file = folder / "variant.csv"
    file.write_bytes(content)
    summary = import_chain(file, SPX_AT, folder / "variant")
    assert (summary.contracts, summary.quotes) == (sound.contracts, sound.quotes) == (24, 24)
    first, second = (held(open_tape(folder / name)) for name in ("sound", "variant"))
    assert (first.bid, first.ask, first.open_interest) == (
        second.bid,
        second.ask,
        second.open_interest,
    )
    assert [batch.records.tobytes() for batch in first.underlying] == [
        batch.records.tobytes() for batch in second.underlying
    ]


def test_headers_delimiters_and_encodings_of_other_years_and_programs(tmp_path: Path) -> None:
    text = chain(tmp_path).read_text()
    old = text.replace("Open Interest", "Open Int").replace("Volume,", "Vol,")
    rows_only = text.replace(",100\n", ",100,\n")
    indexed = "\n".join(f"{n},{line}" if line else "" for n, line in enumerate(text.split("\n")))
    european = text.replace('"', "").replace(",", ";").replace(".", ",")
    variants = [
        old.encode(),
        rows_only.encode(),
        indexed.encode(),
        text.replace(",", "\t").encode(),
        european.encode(),
        text.encode("utf-16"),
        text.encode("utf-16-be"),
        text.lower().encode(),
        text.replace("SPXW2", "^SPXW2").encode(),
    ]
    for number, content in enumerate(variants):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        assert_same_as_sound(folder, content)


def test_a_dotted_root_is_its_osi_root(tmp_path: Path) -> None:
    file = chain(tmp_path, above=ABOVE)
    file.write_text(file.read_text().replace("SPXW", "BRK.B"))
    assert import_chain(file, SPX_AT, tmp_path / "t").symbol == "BRKB"


EOD = (
    "quote_date,expiration,strike,option_type,bid_size_1545,bid_1545,ask_size_1545,ask_1545,"
    "underlying_bid_1545,underlying_ask_1545,open_interest"
)


@pytest.mark.parametrize("right", ["C", "Call", "call"])
def test_an_end_of_day_file_of_a_spreadsheet_is_read(tmp_path: Path, right: str) -> None:
    file = tmp_path / "spxw_eod.csv"
    line = f"6/26/2019,6/26/2019,2900,{right},1,,2,18.2,2917.8,2918.42,"
    file.write_text(f"{EOD}\n{line}\n")
    summary = import_eod(file, tmp_path / "t")
    assert (f"{summary.session.date}", summary.contracts) == ("2019-06-26", 1)
    assert {fact: loss.unknown for fact, loss in summary.losses.items()} == {
        "bids": 1,
        "open interest": 1,
    }
