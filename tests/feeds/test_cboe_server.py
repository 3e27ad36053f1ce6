"""A tape served as Cboe's website serves quotes, read by the client that asks the website."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds import cboe_website
from feeds.gateway import OPRA, batches, simulated
from runtime.feeds_on_ports import eventually
from runtime.local_market import running
from zerodte.cli.commands import main
from zerodte.feeds.cboe.feed import CboeFeed
from zerodte.feeds.cboe.http import CboeClient, CboeRefusalError
from zerodte.feeds.fault_script import CBOE_FAULTS, fault_script
from zerodte.feeds.feed import FeedError
from zerodte.importers.cboe_delayed import decode_delayed
from zerodte.records.dbn import CBOE_DELAYED, STAT_OPEN_INTEREST, UNDEF_PRICE
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.tape.error import TapeError
from zerodte.wire.snapshot import SnapshotQuery

SECOND = 10**9
MINUTE = 60 * SECOND


def website(speed: float, late: int) -> AbstractContextManager[CboeClient]:
    """A client of a website whose clock begins `late` seconds after the open."""
    tape = simulated()
    return cboe_website.website(tape, speed, tape.session.open + late * SECOND)


@pytest.mark.drill
def test_a_body_has_what_the_tape_had_a_quarter_of_an_hour_before() -> None:
    tape = simulated()
    at = tape.session.open + 5 * MINUTE
    wanted: dict[str, list[float]] = {}
    for end, _, batch in batches(tape):
        if end > at:
            break
        for row in batch.records:
            raw = tape.symbols[OPRA][int(row["instrument_id"])].replace(" ", "")
            found = wanted.setdefault(raw, [0.0] * 6)
            if batch.schema == "cbbo-1s":
                sides = row["bid_px_00"], row["ask_px_00"]
                found[:2] = [0.0 if int(one) == UNDEF_PRICE else int(one) / 1e9 for one in sides]
                found[2:4] = int(row["bid_sz_00"]), int(row["ask_sz_00"])
            elif batch.schema == "tcbbo":
                found[5] += int(row["size"])
            elif batch.schema == "statistics" and row["stat_type"] == STAT_OPEN_INTEREST:
                found[4] = int(row["quantity"])
    with website(1.0, late=301) as client:
        answer = client.get("NVDA")
        assert client.get("NVDA", answer.etag).body is None, "it has not changed"
        with pytest.raises(FeedError, match="404 Not Found; it has no such symbol"):
            client.get("SPX")
    chain = decode_delayed(answer.body or b"")
    assert chain.at == at
    assert 0 <= answer.now - chain.published < 3 * SECOND
    assert len(chain.options) == len(wanted)
    for option in chain.options:
        columns = [
            *(option.bid, option.ask, option.bid_size, option.ask_size),
            *(option.open_interest, option.volume),
        ]
        assert columns == pytest.approx(wanted[option.option], abs=1e-9), option.option
    assert chain.price == pytest.approx(((chain.bid or 0) + (chain.ask or 0)) / 2)
    assert sum(option.volume or 0 for option in chain.options) > 1000


def test_it_is_a_market_for_whoever_records_delayed_quotes(tmp_path: Path) -> None:
    with website(60.0, late=120) as client:
        feed = CboeFeed(client, ["NVDA"], tmp_path)
        try:
            with running(LiveRunner(Stage(), feed, tmp_path, feed.warnings)) as market:
                eventually(lambda: "NVDA" in market.service.status().symbols)
                eventually(lambda: market.health.status == "Healthy")
                assert b'"net_gex":' in market.answer(SnapshotQuery(symbol="NVDA"))
        finally:
            feed.stop()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "busy",
            "429 Too Many Requests; its protection against robots turns us away for 120 seconds",
        ),
        ("cut", "half a body"),
        ("garbage", "not JSON"),
    ],
)
def test_faults_that_are_due_together_befall_one_request(kind: str, said: str) -> None:
    tape = simulated()
    due = ",".join([f"{kind}@09:46:01"] * 5)
    script = fault_script(due, tape.session, kinds=CBOE_FAULTS)
    with cboe_website.website(tape, 1.0, tape.session.open + MINUTE, faults=script) as client:

        def problem() -> str:
            try:
                chain = decode_delayed(client.get("NVDA").body or b"")
            except CboeRefusalError as error:
                return f"{error} for {error.wait:g} seconds"
            except (FeedError, TapeError) as error:
                return str(error)
            assert chain.at == tape.session.open + MINUTE
            return ""

        eventually(lambda: said in problem())
        assert [problem() for _ in range(5)] == [""] * 5


def test_a_website_begins_without_the_faults_of_before(tmp_path: Path) -> None:
    """The quarter of an hour before its first quotes are published has seven of this seed."""
    tape = simulated()
    script = fault_script("7", tape.session, kinds=CBOE_FAULTS)
    with cboe_website.website(tape, 1.0, tape.session.open, faults=script) as client:
        feed = CboeFeed(client, ["NVDA"], tmp_path)
        try:
            assert feed.connect().manifest.symbols[CBOE_DELAYED]
        finally:
            feed.stop()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--faults", "7"), "--faults needs the protocol of a vendor, such as --as databento"),
        (("--as", "cboe", "--faults", "mute@10:00:00"), "with one of cut, garbage, busy"),
        (("--as", "cboe", "--no-resume"), "--no-resume is for --as line"),
        (("--from", "10:00"), "--from needs a vendor's live protocol"),
        (("--as", "databento", "--faults", "bang@10:00"), "faults 'bang@10:00'; expected: a seed"),
        (("--as", "schwab"), "is not one of 'line', 'cboe', 'databento'"),
    ],
)
def test_mistakes_end_in_a_clear_line(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, ["feed", str(simulated().path), *words, "--port", "0"])
    assert result.exit_code in {1, 2}
    assert said in result.output
