"""Lean archives made by hand: what becomes of odd rows, what is left out, what is refused."""

import io
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from importers.lean_twin import (
    DAY,
    MINUTE,
    OPEN,
    OPEN_INTEREST,
    QUOTE_ROW,
    QUOTES,
    STOCK,
    STOCK_FILE,
    TOP,
    TRADE_ROW,
    TRADES,
    instant,
    lean_folder,
    member,
    taped,
    zipped,
)
from zerodte.cli import main, progress
from zerodte.importers.import_summary import ImportSummary
from zerodte.importers.lean import OPTIONS_DATASET, import_lean
from zerodte.records.dbn import INDEX, UNDEF_PRICE, UNDEF_SIZE
from zerodte.tape.error import TapeError
from zerodte.tape.folder import open_tape
from zerodte.tape.writer import TapeWriter

CALL = "ABC   210104C00100000"


@pytest.fixture
def lean(tmp_path: Path) -> Path:
    return lean_folder(tmp_path / "lean")


def imported(lean: Path, symbol: str = "ABC") -> ImportSummary:
    return import_lean(lean, symbol, DAY, lean.parent / "tape")


def quoted(lean: Path) -> list[tuple[object, ...]]:
    """Receive time and quote of every quote that is imported, after its symbol."""
    imported(lean)
    return taped(open_tape(lean.parent / "tape"), "quotes", OPTIONS_DATASET, "ts_recv", *TOP)


def test_a_folder_made_by_hand_becomes_a_tape(lean: Path) -> None:
    said = imported(lean)
    tape = open_tape(lean.parent / "tape")
    fields = ("ts_event", "price", "size", *TOP)
    assert taped(tape, "trades", OPTIONS_DATASET, *fields) == [
        (CALL, instant(DAY, "09:32"), 1_100_000_000, 3, 1_000_000_000, 1_200_000_000, 5, 7)
    ]
    assert (said.at, said.symbol, said.rows) == (instant(DAY, "09:31"), "ABC", 4)
    assert tape.session.date == DAY
    assert not tape.warnings


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (",,,,0,12000,12000,12000,12000,7", (UNDEF_PRICE, 1_200_000_000, 0, 7)),
        ("10000,10000,10000,10000,5,,,,,0", (1_000_000_000, UNDEF_PRICE, 5, 0)),
        (",,,,0,,,,,0", (UNDEF_PRICE, UNDEF_PRICE, 0, 0)),
        ("0,0,0,0,3,500,500,500,500,7", (UNDEF_PRICE, 50_000_000, 0, 7)),
        ("1,1,1,1,1,2,2,2,2,1", (100_000, 200_000, 1, 1)),
        ("9000,9900,9000,9500,5,9000,9000,9000,9000,6", (950_000_000, 900_000_000, 5, 6)),
        (
            "10000.0,10000.0,10000.0,10000.0,5.0,12000,12000,12000,12000,7",
            (10**9, 12 * 10**8, 5, 7),
        ),
    ],
)
def test_a_side_that_nobody_quotes_has_no_price(
    lean: Path, cells: str, expected: tuple[int, ...]
) -> None:
    zipped(lean / QUOTES, {member("quote"): f"{OPEN},{cells}\r\n\r\n"})
    assert quoted(lean) == [(CALL, instant(DAY, "09:31"), *expected)]


def test_rows_come_in_the_order_of_their_times(lean: Path) -> None:
    later = QUOTE_ROW.replace(str(OPEN), str(OPEN + 120_000))
    names = [member("quote"), member("quote", "put")]
    zipped(lean / QUOTES, dict.fromkeys(names, f"{later}\n{QUOTE_ROW}\n"))
    assert [(raw, at) for raw, at, *_ in quoted(lean)] == [
        (raw, instant(DAY, clock))
        for clock in ("09:31", "09:33")
        for raw in (CALL, CALL.replace("C0", "P0"))
    ]


MINUTES = st.lists(st.integers(0, 12), unique=True, max_size=8)


@pytest.mark.drill
@given(st.lists(st.tuples(MINUTES, MINUTES), min_size=1, max_size=4))
def test_the_standing_quote_is_the_newest_that_had_ended(
    tmp_path_factory: pytest.TempPathFactory, chains: list[tuple[list[int], list[int]]]
) -> None:
    lean = tmp_path_factory.mktemp("made") / "lean"
    quotes, trades, expected = {}, {}, []
    for number, (quote_minutes, trade_minutes) in enumerate(chains):
        # The bid says in which minute, the ask of which contract.
        quotes[member("quote", strike=10_000 * (number + 1))] = "\n".join(
            f"{OPEN + 60_000 * m},,,,{m + 1},1,,,,{number + 100},1" for m in quote_minutes
        )
        trades[member("trade", strike=10_000 * (number + 1))] = "\n".join(
            f"{OPEN + 60_000 * m},1,1,1,50,{m + 1}" for m in trade_minutes
        )
        raw = f"ABC   210104C{1000 * (number + 1):08d}"
        for minute in trade_minutes:
            newest = max((m for m in quote_minutes if m + 1 <= minute), default=None)
            carried = (UNDEF_PRICE, UNDEF_PRICE)
            if newest is not None:
                carried = ((newest + 1) * 10**5, (number + 100) * 10**5)
            expected.append((raw, minute + 1, *carried))
    quotes[member("quote", "put")] = QUOTE_ROW
    zipped(lean / QUOTES, quotes)
    zipped(lean / TRADES, trades)
    imported(lean)
    tape = open_tape(lean.parent / "tape")
    found = taped(tape, "trades", OPTIONS_DATASET, "size", "bid_px_00", "ask_px_00")
    assert sorted(found) == sorted(expected)


def test_what_cannot_be_used_is_counted(lean: Path) -> None:
    odd = [
        QUOTE_ROW.replace(str(OPEN), "86400000"),
        QUOTE_ROW.replace("10000", "-10000"),
        QUOTE_ROW.replace(",7", ",4294967295"),
        QUOTE_ROW.replace(",5", ","),
        QUOTE_ROW.replace(",7", ",inf"),
        QUOTE_ROW.replace(str(OPEN), "nan"),
        QUOTE_ROW.replace(str(OPEN), "64740000"),
        QUOTE_ROW.replace(str(OPEN), "64680000"),
    ]
    zipped(
        lean / QUOTES,
        {
            member("quote"): "\n".join([QUOTE_ROW, *odd]),
            member("quote", expiry="20201231"): QUOTE_ROW,
            member("quote", strike=1_000_001): QUOTE_ROW,
            member("quote", strike=0): QUOTE_ROW,
            member("quote", expiry="20211331"): QUOTE_ROW,
            member("quote").replace("20210104_abc", "20210105_abc"): QUOTE_ROW,
            "readme.txt": "hello",
        },
    )
    zipped(lean / TRADES, {member("trade"): f"{TRADE_ROW}\n{TRADE_ROW[:-1]}0\n34260000,0,0,0,0,3"})
    said = imported(lean)
    assert said.skipped == {
        "quotes of options without a time": 2,
        "quotes of options from after 18:00": 1,
        "contracts that had expired": 1,
        "contracts without an OSI symbol": 2,
        "files of other names": 3,
        "trades of options without volume or price": 2,
    }
    assert said.bars == {"of quotes": 6, "of trades": 1, "of the underlying": 1}
    assert {fact: (loss.unknown, loss.seen) for fact, loss in said.losses.items()} == {
        "quotes": (2, 9),
        "bids": (1, 9),
        "bid sizes": (1, 9),
        "ask sizes": (2, 9),
    }
    assert "1 of 9 bids, such as bid close of ABC   210104C00100000 at 9:30:00" in str(said)
    losses = open_tape(lean.parent / "tape").notes.import_losses["ABC"]
    assert losses == dict(said.losses)


@pytest.mark.parametrize(
    ("archive", "content", "fact", "kept"),
    [
        (QUOTES, {member("quote"): QUOTE_ROW.replace(",7", ",x")}, "ask sizes", (1, 1, 1)),
        (QUOTES, {member("quote"): QUOTE_ROW.replace(",7", ",")}, "ask sizes", (1, 1, 1)),
        (QUOTES, {member("quote"): QUOTE_ROW.replace("12000", "$1")}, "asks", (1, 1, 1)),
        (TRADES, {member("trade"): TRADE_ROW[:-1] + "?"}, "sizes", (1, 0, 1)),
        (TRADES, {member("trade"): TRADE_ROW.replace("11000", "-1")}, "prices", (1, 0, 1)),
        (OPEN_INTEREST, {member("openinterest"): "1,\u00e9"}, "open interest", (1, 1, 0)),
        (
            STOCK,
            {STOCK_FILE: QUOTE_ROW.replace("10000", "n/a")},
            "bids of the underlying",
            (1, 1, 1),
        ),
    ],
)
def test_a_cell_that_cannot_be_read_is_unknown(
    lean: Path, archive: str, content: dict[str, str], fact: str, kept: tuple[int, ...]
) -> None:
    zipped(lean / archive, content)
    said = imported(lean)
    assert (said.quotes, said.volumes, said.open_interest) == kept
    assert {name: loss.unknown for name, loss in said.losses.items()} == {fact: 1}
    tape = open_tape(lean.parent / "tape")
    assert list(tape.symbols[OPTIONS_DATASET].values()) == [CALL]
    (warning,) = tape.notes.import_warnings()["ABC"]
    assert warning.startswith(f"{fact} unknown for 1 of 1")


@pytest.mark.drill
def test_trades_without_quotes_tell_volume_open_interest_and_max_pain(lean: Path) -> None:
    (lean / QUOTES).unlink()
    said = imported(lean)
    assert (said.contracts, said.quotes, said.volumes, said.open_interest) == (1, 0, 1, 1)
    assert "quotes of the options (20210104_quote_*.zip)" in str(said)
    assert "same day      1 contracts, open interest 12, volume 3" in str(said)
    result = CliRunner().invoke(main, ["replay", str(lean.parent / "tape")])
    assert result.exit_code == 0, result.output
    lines = {line[:22].strip(): line[22:].strip() for line in result.stdout.splitlines()}
    assert "ABC, expiry 2021-01-04" in result.stdout
    assert "no quote of ABC 2021-01-04 can be used" in result.stdout
    assert (lines["volume"], lines["open interest"], lines["max pain"]) == ("3", "12", "100.00")
    assert lines["spot"].endswith("(equity_quote)")
    assert "contracts: 0 bought, 0 sold, 3 without a side" in result.stdout


def test_a_day_with_open_interest_alone_has_no_volume(lean: Path) -> None:
    (lean / QUOTES).unlink()
    (lean / TRADES).unlink()
    said = imported(lean)
    assert "same day      1 contracts, open interest 12\n" in str(said)
    assert "volume        none" in str(said)
    assert len(said.missing) == 2
    assert open_tape(lean.parent / "tape").symbols[OPTIONS_DATASET] == {1: CALL}


def test_what_was_never_published_is_unknown_and_not_zero(lean: Path) -> None:
    for name in (OPEN_INTEREST, QUOTES):
        (lean / name).unlink()
    said = imported(lean)
    assert "same day      1 contracts, volume 3\n" in str(said)
    assert "open interest none" in str(said)
    result = CliRunner().invoke(main, ["replay", str(lean.parent / "tape")])
    lines = {line[:22].strip(): line[22:].strip() for line in result.stdout.splitlines()}
    assert (lines["open interest"], lines["max pain"]) == ("\u2013", "\u2013")


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (TRADES, "trades of the options (20210104_trade_*.zip)"),
        (OPEN_INTEREST, "open interest of the options (20210104_openinterest_*.zip)"),
        (STOCK, "quotes of the equity ("),
    ],
)
def test_what_is_missing_is_said(lean: Path, archive: str, words: str) -> None:
    (lean / archive).unlink()
    said = imported(lean)
    (missing,) = said.missing
    assert missing.startswith(words)
    assert words in str(said)
    assert open_tape(lean.parent / "tape").symbols[OPTIONS_DATASET]


def test_an_index_has_the_options_of_all_its_roots(tmp_path: Path) -> None:
    lean = tmp_path / "lean"
    for root, suffix in (("spx", ".zip"), ("spxw", ".zip.zip"), ("ndx", ".zip")):
        name = f"20210104_{root}_minute_quote_european_put_37000000_20210115.csv"
        folder = lean / "indexoption/usa/minute" / root
        zipped(folder / f"20210104_quote_european{suffix}", {name: QUOTE_ROW})
    values = {"20210104_spx_minute_trade.csv": "30600000,3764.61,3769.99,3764.61,3766.63,0"}
    zipped(lean / "index/usa/minute/spx/20210104_trade.zip", values)
    for symbol in ("spx", "SPXW"):
        out = tmp_path / symbol
        import_lean(lean, symbol, DAY, out)
        tape = open_tape(out)
        assert sorted(tape.symbols[OPTIONS_DATASET].values()) == [
            "SPX   210115P03700000",
            "SPXW  210115P03700000",
        ]
        assert taped(tape, "underlying", INDEX, "ts_recv", "price", "size") == [
            ("SPX", instant(DAY, "09:31"), 3_766_630_000_000, 0)
        ]


def test_several_symbols_make_one_tape(lean: Path) -> None:
    other = "20210104_xyz_minute_quote_american_put_500000_20210104.csv"
    zipped(lean / QUOTES.replace("abc", "xyz"), {other: QUOTE_ROW})
    imported(lean)
    imported(lean, "XYZ")
    tape = open_tape(lean.parent / "tape")
    assert sorted(tape.symbols[OPTIONS_DATASET].values()) == [CALL, "XYZ   210104P00050000"]
    assert len(taped(tape, "quotes", OPTIONS_DATASET)) == 2


def test_the_slowest_cadence_of_a_tape_counts(tmp_path: Path) -> None:
    for seconds, kept in ((0, 0), (60, 60), (1, 60)):
        writer = TapeWriter(tmp_path, cadence_seconds=seconds)
        writer.finish()
        assert f'"cadence_seconds": {kept}' in (writer.path / "tape.json").read_text()


@pytest.mark.parametrize(
    ("archive", "content", "message"),
    [
        (
            QUOTES,
            {member("quote"): TRADE_ROW},
            "csv, line 1: 6 columns; expected 11: time, bid open",
        ),
        (
            TRADES,
            {member("trade"): QUOTE_ROW},
            "csv, line 1: 11 columns; expected 6: time, open",
        ),
        (
            QUOTES,
            {member("quote"): f"{QUOTE_ROW}\n{TRADE_ROW}"},
            "csv, line 2: 6 columns; expected 11",
        ),
        (QUOTES, {member("quote"): f"time\n{QUOTE_ROW}"}, "line 1: 1 columns; expected"),
        (
            QUOTES,
            {"20210104_abc.csv": QUOTE_ROW},
            "expected: names such as 20210104_abc_minute_quote_am",
        ),
        (
            TRADES,
            {member("quote"): TRADE_ROW},
            "such as 20210104_abc_minute_trade_am",
        ),
        (STOCK, {"20210104_abc.csv": QUOTE_ROW}, f"no file {STOCK_FILE} in it"),
        (STOCK, {STOCK_FILE: TRADE_ROW}, "line 1: 6 columns; expected 11"),
    ],
)
def test_archives_of_another_form_are_refused(
    lean: Path, archive: str, content: dict[str, str], message: str
) -> None:
    zipped(lean / archive, content)
    refused(lean, message)


def refused(lean: Path, message: str, symbol: str = "ABC") -> None:
    """It fails with one line that holds the message, and leaves nothing behind."""
    with pytest.raises(TapeError) as raised:
        imported(lean, symbol)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (lean.parent / "tape").exists()


@pytest.mark.parametrize("archive", [QUOTES, TRADES, OPEN_INTEREST, STOCK])
def test_broken_archives_are_refused(lean: Path, archive: str) -> None:
    path = lean / archive
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(lean, f"{path}: damaged, or not a ZIP archive")
    content = whole.index(b".csv") + 4
    path.write_bytes(whole[:content] + bytes([whole[content] ^ 0xFF]) + whole[content + 1 :])
    refused(lean, f"{path}: damaged, or not a ZIP archive")


def test_two_archives_of_the_same_rows_are_refused(lean: Path) -> None:
    (lean / f"{QUOTES}.zip").write_bytes((lean / QUOTES).read_bytes())
    refused(lean, "2 archives of the same rows: 20210104_quote_american.zip, 20210104_quote_")


def test_what_is_not_there_is_named_beside_what_is(lean: Path) -> None:
    folder = lean / "option/usa/minute"
    refused(lean, f"no folder of options on XYZ: {folder} has abc", "XYZ")
    refused(lean, f"no folder of index options on SPX: there is no {lean}/indexoption", "SPX")
    refused(lean, "'../abc' is not a symbol; expected: one such as GOOG", "../abc")
    for name in (QUOTES, TRADES, OPEN_INTEREST):
        (lean / name).unlink()
    zipped(lean / QUOTES.replace("0104", "0105"), {"x.csv": QUOTE_ROW})
    refused(
        lean,
        "no archive 20210104_quote_*.zip, nor of trades or open interest, of the options: "
        f"{folder}/abc has 20210105_quote_american.zip",
    )


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (DAY.replace(day=3), "2021-01-03: not a trading day"),
        (DAY.replace(year=1901), "no sessions are known for 1901-01-04"),
        (DAY.replace(day=5), "no archive 20210105_quote_"),
    ],
)
def test_other_days_are_refused(lean: Path, day: object, message: str) -> None:
    with pytest.raises(TapeError, match=message):
        import_lean(lean, "ABC", day, lean.parent / "tape")  # type: ignore[arg-type]


def test_a_day_is_imported_once_and_a_tape_is_one_day(lean: Path, tmp_path: Path) -> None:
    imported(lean)
    with pytest.raises(TapeError, match="exists, and a tape's files are never overwritten"):
        imported(lean)
    for path in lean.rglob("*.zip"):
        path.unlink()
    name = member("quote", expiry="20210105").replace("20210104_abc", "20210105_abc")
    zipped(lean / QUOTES.replace("20210104", "20210105"), {name: QUOTE_ROW})
    with pytest.raises(TapeError, match="a tape of the session of 2021-01-04, not of 2021-01-05"):
        import_lean(lean, "ABC", DAY.replace(day=5), lean.parent / "tape")


def command(lean: Path, day: str = "2021-01-04") -> list[str]:
    return ["import", "lean", str(lean), "abc", day, "--out", str(lean.parent / "tape")]


def test_the_command_prints_the_summary_and_is_quiet_off_a_terminal(lean: Path) -> None:
    result = CliRunner().invoke(main, command(lean))
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.startswith("ABC, 2021-01-04 09:31:00 New York, from lean\n")
    assert "same day      1 contracts, open interest 12, volume 3" in result.stdout


def test_the_command_fails_with_one_line(lean: Path) -> None:
    result = CliRunner().invoke(main, command(lean, "2021-01-05"))
    assert result.exit_code == 1
    assert result.stderr.strip().startswith("Error: no archive 20210105_quote_*.zip")
    assert len(result.stderr.strip().splitlines()) == 1


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(("patience", "shows"), [(-1.0, True), (3600.0, False)])
def test_long_work_shows_itself_on_a_terminal(
    lean: Path, monkeypatch: pytest.MonkeyPatch, patience: float, shows: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    with progress.LateProgress() as told:
        import_lean(lean, "ABC", DAY, lean.parent / "tape", told)
    assert ("writing" in terminal.getvalue()) == shows


def test_progress_tells_every_step(lean: Path) -> None:
    told: Counter[str] = Counter()
    import_lean(lean, "ABC", DAY, lean.parent / "tape", lambda what, *_: told.update([what]))
    assert told == {
        "reading quotes of abc": 2,
        "reading trades of abc": 1,
        "reading open interest of abc": 1,
        "writing": 5,
    }


def test_a_trade_before_any_quote_carries_none(lean: Path) -> None:
    zipped(lean / TRADES, {member("trade"): TRADE_ROW.replace("34260000", str(OPEN))})
    imported(lean)
    (trade,) = taped(open_tape(lean.parent / "tape"), "trades", OPTIONS_DATASET, "ts_recv", *TOP)
    nothing = (UNDEF_PRICE, UNDEF_PRICE, UNDEF_SIZE, UNDEF_SIZE)
    assert trade == (CALL, instant(DAY, "09:30") + MINUTE, *nothing)
