"""What a market tells of itself: versions, samples, counts."""

import dataclasses
import datetime
import math
import threading

import pytest

from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.feeds.synthetic_tape import write_synthetic_tape
from zerodte.market.calendar import calendar
from zerodte.runtime.market import Audience, Market
from zerodte.runtime.pulse import Pulse
from zerodte.runtime.replay import begin
from zerodte.server.source import Changes
from zerodte.session.session import Session
from zerodte.tape.folder import Tape, open_tape

KINDS: list[Changes] = ["tick", "sample", "never"]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    session = calendar().session(datetime.date(2024, 11, 27))
    assert session is not None
    folder = tmp_path_factory.mktemp("tape")
    write_synthetic_tape(folder, session)
    return open_tape(folder)


@pytest.fixture
def session(tape: Tape) -> Session:
    return begin(tape)


def test_a_sample_is_said_once_when_its_time_has_passed(session: Session) -> None:
    pulse, heard = Pulse(), list[int]()
    leave = pulse.on_sample(lambda: heard.append(session.now - session.hours.open))
    for seconds in (-60, 0, 1, 29, 30, 31, 45, 60, 150, 151):
        session.advance(session.hours.open + seconds * SECOND)
        pulse.passed(session, 0.5)
    assert heard == [30 * SECOND, 60 * SECOND, 150 * SECOND]
    assert (pulse.samples, pulse.ticks) == (5, 10), "the silence until 150 held three"
    figures = pulse.figures(session)
    assert (figures.tick_lag, figures.sample_lag) == (0.5, 0.5)
    leave()
    session.advance(session.hours.close + SAMPLE_INTERVAL)
    pulse.passed(session, 0.5)
    assert len(heard) == 3
    total = pulse.samples
    assert total == (session.hours.close - session.hours.open) // SAMPLE_INTERVAL
    session.advance(session.hours.close + 10 * SAMPLE_INTERVAL)
    pulse.passed(session, 0.5)
    assert pulse.samples == total, "none after the close"


def test_another_session_has_samples_of_its_own(tape: Tape) -> None:
    pulse = Pulse()
    for number in (1, 2):
        session = begin(tape)
        session.advance(session.hours.open + SAMPLE_INTERVAL)
        pulse.passed(session, 0.0)
        assert pulse.samples == number


def test_versions_grow_with_what_changes_an_answer(session: Session) -> None:
    pulse = Pulse()

    def grown(seconds: int) -> list[bool]:
        before = [pulse.version(kind) for kind in KINDS]
        session.advance(session.hours.open + seconds * SECOND)
        pulse.passed(session, math.nan)
        return [pulse.version(kind) > was for kind, was in zip(KINDS, before, strict=True)]

    assert grown(-1) == [True, False, False]
    assert grown(0) == [True, True, True], "it opens"
    assert grown(1) == [True, False, False]
    assert grown(30) == [True, True, False]
    before = [pulse.version(kind) for kind in KINDS]
    pulse.turned()
    assert [pulse.version(kind) - was for kind, was in zip(KINDS, before, strict=True)] == [1, 1, 1]


def test_records_and_gaps_are_counted(tape: Tape) -> None:
    ticks = list(tape.ticks())
    reasons = ["", "the feed was away", "the feed was away", "", "the server was down"]
    pulse, session = Pulse(), begin(tape)
    for tick, reason in zip(ticks * 3, reasons, strict=False):
        pulse.took(dataclasses.replace(tick, gap=reason), session, math.nan)
    assert pulse.gaps == 2
    counted = pulse.figures(None).records
    assert counted["quotes"] == sum(
        len(batch.records) for tick in (ticks * 3)[: len(reasons)] for batch in tick.quotes
    )


class Listener(Audience):
    """Waits until a market is ready."""

    def __init__(self) -> None:
        self.is_ready = threading.Event()

    def ready(self) -> None:
        """It is."""
        self.is_ready.set()


def test_a_market_passes_on_what_its_pulse_says(tape: Tape) -> None:
    market, listener, heard = Market([tape], None), Listener(), threading.Event()
    market.on_sample(heard.set)
    before = market.version("tick")
    market.start(listener)
    assert listener.is_ready.wait(60)
    assert heard.is_set()
    assert market.version("tick") > before
    figures = market.figures()
    assert figures.ticks == len(list(tape.ticks()))
    assert figures.records.keys() == {
        "definitions",
        "statistics",
        "underlying",
        "quotes",
        "trades",
    }
    assert math.isnan(figures.tick_lag), "nothing was waited for"
    market.stop()
