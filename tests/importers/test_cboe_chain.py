"""Cboe's chains on a tape: every number of the recorded files, and files that are not right."""

import csv
import datetime
import functools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import databento
import pytest

from zerodte.clock import new_york
from zerodte.importers.cboe_chain import import_chain
from zerodte.importers.import_summary import ImportSummary
from zerodte.market.contracts import Chain, Contracts
from zerodte.market.osi import format_osi, parse_osi
from zerodte.records.dbn import STAT_CLEARED_VOLUME, STAT_OPEN_INTEREST, UNDEF_PRICE, UNDEF_SIZE
from zerodte.records.tick import Batch
from zerodte.tape.error import TapeError
from zerodte.tape.folder import Tape, open_tape

SPX = "chains/spx_2022-03-23_1011_intraday.csv"
SPX_AT = "2022-03-23T10:11"
EVENING = ("chains/spy_2025-04-30_2035.csv", "2025-04-30T20:35")
MORNING = ("chains/spy_2025-05-01_0828.csv", "2025-05-01T08:28")
CLOSE = ("chains/spy_2025-05-01_1649.csv", "2025-05-01T16:49")
MAY = datetime.date(2025, 5, 1)

#: A recorded file and its time, to what the import said and the tape of that file alone.
Imports: TypeAlias = Callable[[str, str], tuple[ImportSummary, Tape]]


@pytest.fixture(scope="module")
def imported(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Imports:
    """Each file is imported once; the tapes are not to be written to."""

    @functools.cache
    def once(file: str, at: str) -> tuple[ImportSummary, Tape]:
        folder = tmp_path_factory.mktemp("chain")
        return import_chain(recorded / file, at, folder), open_tape(folder)

    return once


@dataclass
class Held:
    """What a tape says, by raw symbol; the last word wins, as for any reader of it."""

    defined: list[str] = field(default_factory=list)
    bid: dict[str, int] = field(default_factory=dict)
    ask: dict[str, int] = field(default_factory=dict)
    open_interest: dict[str, tuple[int, int]] = field(default_factory=dict)
    volume: dict[str, tuple[int, int]] = field(default_factory=dict)
    underlying: list[Batch] = field(default_factory=list)


def held(tape: Tape) -> Held:
    out = Held()
    for tick in tape.ticks():
        for batch in tick.definitions:
            out.defined += [raw.decode() for raw in batch.records["raw_symbol"].tolist()]
        for batch in tick.statistics:
            _take_statistics(out, tape, batch)
        for batch in tick.quotes:
            names = tape.symbols[batch.dataset]
            quote = batch.records[["instrument_id", "bid_px_00", "ask_px_00"]].tolist()
            for number, bid, ask in quote:
                out.bid[names[number]], out.ask[names[number]] = bid, ask
        out.underlying += tick.underlying
    return out


def _take_statistics(out: Held, tape: Tape, batch: Batch) -> None:
    names = tape.symbols[batch.dataset]
    places = {STAT_OPEN_INTEREST: out.open_interest, STAT_CLEARED_VOLUME: out.volume}
    columns = ["instrument_id", "stat_type", "quantity", "ts_event"]
    for number, stat, quantity, dated in batch.records[columns].tolist():
        places[stat][names[number]] = (quantity, dated)


def listed(raw_symbols: Iterable[str]) -> Contracts:
    contracts = Contracts()
    for raw in raw_symbols:
        contracts.add(raw)
    return contracts


def table(path: Path) -> dict[str, tuple[float, ...]]:
    """Bid, ask, volume and open interest by raw symbol, taken from the places they are known at."""
    with path.open(newline="") as lines:
        rows = list(csv.reader(lines))[4:]
    places = {row[left]: row[left:] for row in rows for left in (1, 12)}
    return {
        format_osi(parse_osi(raw)): tuple(float(cells[at]) for at in (3, 4, 5, 9))
        for raw, cells in places.items()
    }


def raws_of(chain: Chain, contracts: Contracts) -> list[str]:
    return [format_osi(contracts.contract(at)) for at in [*chain.call, *chain.put] if at >= 0]


HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)
ABOVE = 'Some Trust,Last: 401.5,Change:  1.2\n"Date: x",Bid: 401,Ask: 402,Size: 1*1,"Volume: 1,2"'


def line(osi: str, bid: str = "1", ask: str = "2", volume: str = "3", oi: str = "4") -> str:
    """A row whose call is `osi` and whose put is sound."""
    side = f"0,0,{bid},{ask},{volume},0,0,0,{oi}"
    put = osi[:-9] + "P" + osi[-8:]
    return f"Wed Mar 23 2022,{osi},{side},400.00,{put},0,0,5,6,7,0,0,0,8"


def chain_file(folder: Path, *lines: str, above: str = ABOVE, header: str = HEADER) -> Path:
    path = folder / "chain.csv"
    path.write_text("\n".join(["", above, header, *lines, ""]), encoding="utf-8")
    return path


def test_the_recorded_chain_becomes_the_tape_that_the_file_says(
    recorded: Path, imported: Imports
) -> None:
    summary, tape = imported(SPX, SPX_AT)
    found = held(tape)
    at = new_york(datetime.date(2022, 3, 23), datetime.time(10, 11))
    settled = new_york(datetime.date(2022, 3, 23), datetime.time(6, 30))
    answers = table(recorded / SPX)
    assert set(found.defined) == set(answers)
    quoted = {raw: (bid / 1e9, found.ask[raw] / 1e9) for raw, bid in found.bid.items()}
    assert quoted == {raw: answer[:2] for raw, answer in answers.items()}
    assert found.volume == {raw: (answer[2], at) for raw, answer in answers.items()}
    assert found.open_interest == {raw: (answer[3], settled) for raw, answer in answers.items()}
    assert tape.last_receive_time == at
    assert tape.session.date == summary.session.date == datetime.date(2022, 3, 23)
    assert tape.warnings == []
    assert tape.kind("CBOE.DELAYED") == "options"
    (value,) = found.underlying
    assert (value.dataset, value.schema) == ("ZERODTE.INDEX", "trades")
    assert value.records["price"].tolist() == [4479_089800000]
    assert value.records["ts_recv"].tolist() == [at]
    assert tape.symbols["ZERODTE.INDEX"] == {1: "SPX"}


def test_the_same_day_chain_is_that_of_the_afternoon_root(imported: Imports) -> None:
    summary, tape = imported(SPX, SPX_AT)
    found = held(tape)
    contracts = listed(found.defined)
    chain = contracts.same_day("SPX", summary.session.date)
    assert chain is not None
    assert (chain.root, len(chain.strikes)) == ("SPXW", 179)
    raws = raws_of(chain, contracts)
    assert sum(found.open_interest[raw][0] for raw in raws) == 336_017
    assert sum(found.volume[raw][0] for raw in raws) == 87_397
    assert (summary.same_day_contracts, summary.same_day_open_interest) == (358, 336_017)
    assert summary.same_day_volume == 87_397
    assert (summary.rows, summary.contracts, summary.expiries) == (9_501, 19_002, 41)
    assert summary.skipped == Counter()


@pytest.mark.drill
def test_open_interest_is_of_the_morning_it_was_settled_for(imported: Imports) -> None:
    """The three files of one expiry: the evening's differs in 125 strikes, the day's not at all."""
    facts, chains = {}, {}
    for name, at in (EVENING, MORNING, CLOSE):
        _, tape = imported(name, at)
        assert tape.session.date == MAY
        found = held(tape)
        contracts = listed(found.defined)
        chain = contracts.same_day("SPY", MAY)
        assert chain is not None
        facts[name] = {raw: found.open_interest[raw] for raw in raws_of(chain, contracts)}
        chains[name] = chain
    evening, morning, close = (facts[name] for name, _ in (EVENING, MORNING, CLOSE))
    assert morning == close
    assert {dated for _, dated in morning.values()} == {new_york(MAY, datetime.time(6, 30))}
    april = new_york(datetime.date(2025, 4, 30), datetime.time(6, 30))
    assert {dated for _, dated in evening.values()} == {april}
    assert all(len(chain.strikes) == 193 for chain in chains.values())
    changed = {parse_osi(raw).strike for raw in morning if morning[raw][0] != evening[raw][0]}
    assert len(changed) == 125


@pytest.mark.drill
def test_volume_is_taken_after_the_open_only(recorded: Path, imported: Imports) -> None:
    summary, tape = imported(*MORNING)
    assert held(tape).volume == {}
    assert summary.volumes == 0
    assert summary.skipped == Counter({"volumes of an earlier session": 4_876})
    summary, tape = imported(*CLOSE)
    volume = held(tape).volume
    assert {dated for _, dated in volume.values()} == {new_york(MAY, datetime.time(16, 49))}
    assert sum(quantity for quantity, _ in volume.values()) == sum(
        answer[2] for answer in table(recorded / CLOSE[0]).values()
    )
    assert summary.volumes == 4_876


@pytest.mark.drill
def test_an_evenings_volume_is_of_the_finished_day(imported: Imports) -> None:
    summary, tape = imported(*EVENING)
    volume = held(tape).volume
    evening = new_york(datetime.date(2025, 4, 30), datetime.time(20, 35))
    assert {dated for _, dated in volume.values()} == {evening}
    assert summary.session.date == MAY
    assert "volume        4,518 contracts, of 2025-04-30, not of the session" in str(summary)
    assert "open interest 4,518 contracts, of 2025-04-30, not of the session" in str(summary)
    assert "same day      386 contracts\n" in str(summary)


@pytest.mark.drill
def test_several_snapshots_make_one_tape_with_the_same_ids(recorded: Path, tmp_path: Path) -> None:
    for name, at in (EVENING, MORNING, CLOSE):
        import_chain(recorded / name, at, tmp_path)
    tape = open_tape(tmp_path)
    assert tape.session.date == MAY
    assert len([tick for tick in tape.ticks() if tick.quotes]) == 3
    symbols = list(tape.symbols["CBOE.DELAYED"].values())
    assert len(symbols) == len(set(symbols)) == 4_876
    found = held(tape)
    answers = table(recorded / CLOSE[0])
    assert {raw: bid / 1e9 for raw, bid in found.bid.items()} == {
        raw: answer[0] for raw, answer in answers.items()
    }
    quotes = [batch for batch in found.underlying if batch.schema == "bbo-1m"]
    assert {batch.dataset for batch in quotes} == {"CBOE.EQUITY"}
    tops = [batch.records[["bid_px_00", "ask_px_00"]].tolist() for batch in quotes]
    assert tops == [
        [(559_210000000, 559_320000000)],
        [(560_360000000, 560_460000000)],
        [(557_550000000, 557_620000000)],
    ]


@pytest.mark.drill
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the client's own, about pandas
def test_the_public_client_reads_every_file(recorded: Path, imported: Imports) -> None:
    _, tape = imported(*MORNING)
    frames = {}
    for path in tape.path.glob("*.dbn.zst"):
        store = databento.DBNStore.from_bytes(path.read_bytes())
        frames[str(store.metadata.schema)] = store.to_df()
    assert set(frames) == {"definition", "statistics", "cbbo-1m", "bbo-1m"}
    definition = frames["definition"].set_index("raw_symbol").loc["SPY   250501C00560000"]
    assert definition["strike_price"] == 560.0
    assert definition["instrument_class"] == "C"
    assert definition["underlying"] == "SPY"
    assert str(definition["expiration"]) == "2025-05-01 00:00:00+00:00"
    quotes = frames["cbbo-1m"].set_index("symbol")
    answers = table(recorded / MORNING[0])
    unquoted = [raw for raw, answer in answers.items() if answer[:2] == (0, 0)]
    assert len(unquoted) == 358
    assert quotes.loc[unquoted, ["bid_px_00", "ask_px_00"]].isna().all().all()
    zero_bid = [raw for raw, answer in answers.items() if answer[0] == 0 < answer[1]]
    assert len(zero_bid) == 506
    assert (quotes.loc[zero_bid, "bid_px_00"] == 0).all()
    assert (quotes["bid_sz_00"] == UNDEF_SIZE).all()


@pytest.mark.drill
def test_the_same_file_twice_is_refused(recorded: Path, tmp_path: Path) -> None:
    import_chain(recorded / MORNING[0], MORNING[1], tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TapeError, match="exists"):
        import_chain(recorded / MORNING[0], MORNING[1], tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.drill
def test_a_snapshot_of_another_session_is_refused(recorded: Path, tmp_path: Path) -> None:
    import_chain(recorded / MORNING[0], MORNING[1], tmp_path)
    with pytest.raises(TapeError, match=r"session of 2025-05-01.*2022-03-23.*another folder"):
        import_chain(recorded / SPX, SPX_AT, tmp_path)


def test_two_symbols_at_one_time_share_a_tape(tmp_path: Path) -> None:
    for root in ("SPXW", "QQQ"):
        import_chain(chain_file(tmp_path, line(f"{root}220323C00400000")), SPX_AT, tmp_path / "t")
    assert listed(held(open_tape(tmp_path / "t")).defined).symbols() == ["QQQ", "SPX"]


def test_what_two_rows_contradict_is_unknown(tmp_path: Path) -> None:
    file = chain_file(
        tmp_path,
        line("SPY220323C00400000", bid="1", oi="409"),
        line("SPY220323C00400000", bid="1", oi="5"),
        line("SPY220325C00400000", bid="", oi="7"),
        line("SPY220325C00400000", bid="1.5", oi="7"),
    )
    summary = import_chain(file, SPX_AT, tmp_path / "tape")
    assert summary.skipped == {"contracts listed a second time": 4}
    loss = summary.losses["open interest"]
    assert (loss.unknown, loss.seen, loss.example) == (1, 4, "'409 and 5' on line 5")
    tape = open_tape(tmp_path / "tape")
    assert summary.losses.keys() == {"open interest"}
    assert held(tape).bid["SPY   220325C00400000"] == 1.5 * 10**9


def test_what_settled_at_the_open_is_named(tmp_path: Path) -> None:
    """On a third Friday SPX has options of the morning, and SPXW of the afternoon."""
    roots = [line(f"{root}220318C04400000") for root in ("SPX", "SPXW", "SPXW")]
    roots[2] = roots[2].replace("04400000", "04450000")
    at = new_york(datetime.date(2022, 3, 18), datetime.time(10, 11))
    summary = import_chain(chain_file(tmp_path, *roots), at, tmp_path / "tape")
    assert (summary.same_day_contracts, summary.settled_at_open) == (4, 2)
    assert "4 contracts, open interest 24, volume 20; 2 more settled at the open" in str(summary)


def test_an_instant_may_be_given_in_nanoseconds(tmp_path: Path) -> None:
    at = new_york(datetime.date(2022, 3, 23), datetime.time(10, 11))
    file = chain_file(tmp_path, line("SPY220323C00400000"))
    assert import_chain(file, at, tmp_path / "a").at == at
    assert import_chain(file, SPX_AT, tmp_path / "b").at == at


def test_what_is_left_out_is_counted_by_reason(tmp_path: Path) -> None:
    file = chain_file(
        tmp_path,
        line("SPY220323C00400000"),
        line("SPY220321C00400000"),
        line("SPY1220323C00400000"),
        line("SPY220323C00400000"),
        line("QQQ220323C00400000"),
        line("nonsense-nonsense"),
        line("SPY220325C00400000", bid="-1"),
        line("SPY220326C00400000", ask="nan"),
        line("SPY220327C00400000", oi="1.5"),
        line("SPY220328C00400000", volume=""),
        line("SPY220329C00400000", bid="1e3"),
        "Wed Mar 23 2022,SPY220330C00400000,0,0",
        line("SPY220331C00400000") + ",0",
        "Delayed quotes",
    )
    summary = import_chain(file, SPX_AT, tmp_path / "tape")
    assert summary.skipped == Counter(
        {
            "contracts that had expired": 2,
            "contracts of adjusted roots": 2,
            "contracts listed a second time": 2,
            "contracts that cannot be read": 2,
            "rows of the wrong length": 3,
        }
    )
    assert (summary.rows, summary.contracts) == (14, 12)
    (other,) = summary.others
    assert (other.symbol, other.contracts, other.has_underlying) == ("QQQ", 2, False)
    everything = held(open_tape(tmp_path / "tape")).defined
    defined = [raw for raw in everything if raw.startswith("SPY")]
    assert len(everything) == 14
    assert sorted({parse_osi(raw).expiry.day for raw in defined}) == [23, 25, 26, 27, 28, 29]
    assert "2 contracts that cannot be read" in str(summary)


def test_what_expired_today_is_gone_from_an_evenings_chain(tmp_path: Path) -> None:
    file = chain_file(tmp_path, line("SPY220323C00400000"), line("SPY220324C00400000"))
    close = import_chain(file, "2022-03-23T16:15", tmp_path / "close")
    assert (close.same_day_contracts, close.skipped.total()) == (2, 0)
    evening = import_chain(file, "2022-03-23T20:35", tmp_path / "evening")
    assert evening.skipped == Counter({"contracts that had expired": 2})
    assert evening.session.date == datetime.date(2022, 3, 24)
    assert evening.same_day_contracts == 2


@pytest.mark.parametrize(
    ("at", "settled_for", "has_volume"),
    [
        ("2022-03-23T06:29", datetime.date(2022, 3, 22), False),
        ("2022-03-23T06:30", datetime.date(2022, 3, 23), False),
        ("2022-03-23T09:30", datetime.date(2022, 3, 23), False),
        ("2022-03-23T09:30:01", datetime.date(2022, 3, 23), True),
        ("2022-03-26T12:00", datetime.date(2022, 3, 25), False),
        ("2022-03-28T06:00", datetime.date(2022, 3, 25), False),
    ],
)
def test_the_hour_decides_what_the_file_can_know(
    tmp_path: Path, at: str, settled_for: datetime.date, *, has_volume: bool
) -> None:
    summary = import_chain(chain_file(tmp_path, line("SPY220401C00400000")), at, tmp_path / "t")
    assert summary.open_interest_date == settled_for
    assert bool(summary.volumes) == has_volume


def test_thousands_separators_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    above = 'An Index,"Last: 4,479.09",Change: 1\n"Date: mi\u00e9rcoles",Bid: 0,Ask: 0'
    row = line("SPXW220323C00400000", bid='"1,234.55"', ask='"1,235"', oi='"12,345"')
    file = chain_file(tmp_path, row, above="\ufeff" + above)
    import_chain(file, SPX_AT, tmp_path / "tape")
    found = held(open_tape(tmp_path / "tape"))
    assert found.bid["SPXW  220323C00400000"] == 1_234_550000000
    assert found.open_interest["SPXW  220323C00400000"][0] == 12_345
    assert found.underlying[0].records["price"].tolist() == [4479_090000000]


@pytest.mark.parametrize(
    ("root", "above"),
    [
        ("SPXW", "An Index,Change: 1"),
        ("SPXW", "An Index,Last: -"),
        ("SPY", "A Trust,Bid: 0,Ask: 0"),
    ],
)
def test_an_underlying_without_a_price_is_said_and_not_written(
    tmp_path: Path, root: str, above: str
) -> None:
    file = chain_file(tmp_path, line(f"{root}220323C00400000"), above=above)
    summary = import_chain(file, SPX_AT, tmp_path / "tape")
    assert "no usable price" in str(summary)
    assert held(open_tape(tmp_path / "tape")).underlying == []


def test_no_quote_is_undefined_and_a_zero_bid_is_a_fact(tmp_path: Path) -> None:
    rows = [line("SPY220323C00400000", "0", "0.05"), line("SPY220323C00401000", "0", "0.00")]
    summary = import_chain(chain_file(tmp_path, *rows), SPX_AT, tmp_path / "tape")
    found = held(open_tape(tmp_path / "tape"))
    assert (found.bid["SPY   220323C00400000"], found.ask["SPY   220323C00400000"]) == (
        0,
        50_000_000,
    )
    assert found.bid["SPY   220323C00401000"] == found.ask["SPY   220323C00401000"] == UNDEF_PRICE
    assert (summary.contracts, summary.quotes) == (4, 3)


@pytest.mark.parametrize("at", ["10:11", "2022-03-23", "2022-13-01T10:11", "yesterday", ""])
def test_a_time_that_is_none_is_refused_and_the_form_shown(tmp_path: Path, at: str) -> None:
    file = chain_file(tmp_path, line("SPY220323C00400000"))
    with pytest.raises(TapeError, match=r"yyyy-MM-ddTHH:mm\[:ss\].*2022-03-23T10:11"):
        import_chain(file, at, tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


@pytest.mark.parametrize("at", ["1950-03-23T10:11", "2150-03-23T10:11"])
def test_a_time_outside_the_calendar_is_refused(tmp_path: Path, at: str) -> None:
    file = chain_file(tmp_path, line("SPY220323C00400000"))
    with pytest.raises(TapeError, match="1990-01-01 to 2099-12-31"):
        import_chain(file, at, tmp_path / "tape")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"a,b,c\n1,2,3\n", "not a chain of Cboe's delayed quotes"),
        (b"DBN\x03\x00\xff" * 50_000, "not a"),
        (HEADER.encode(), "no contract that is live on 2022-03-23; it has no rows"),
        (HEADER.replace("Calls,", "").encode(), "lacks Calls among the calls"),
        (HEADER.rpartition(",")[0].encode(), "lacks Open Interest among the puts"),
        (HEADER.replace("Strike", "K").encode(), "lacks Puts, Bid, Ask, Volume, Open Interest"),
        (f"{HEADER}\n{line('SPY220301C00400000')}".encode(), "it has 2 contracts that had expired"),
    ],
)
def test_a_foreign_file_is_refused_by_name(tmp_path: Path, content: bytes, wrong: str) -> None:
    file = tmp_path / "foreign.csv"
    file.write_bytes(content)
    with pytest.raises(TapeError, match=f"foreign.csv: .*{wrong}"):
        import_chain(file, SPX_AT, tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"nothing.csv: cannot be read: No such file"):
        import_chain(tmp_path / "nothing.csv", SPX_AT, tmp_path / "tape")
