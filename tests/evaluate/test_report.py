"""Scores over seeds, comparisons of estimates, and the page."""

import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from zerodte.evaluate.figure import figure
from zerodte.evaluate.observations import ALL
from zerodte.evaluate.replay_observer import ReplayObserver
from zerodte.evaluate.report import TapeScore, report, score
from zerodte.evaluate.tables import TABLES
from zerodte.evaluate.truth import EvaluateError, read_truth
from zerodte.runtime.replay import replay
from zerodte.tape.folder import Tape


def scored(tape: Tape, name: str) -> TapeScore:
    truth = read_truth(tape)
    observer = ReplayObserver(truth)
    session = replay(tape, watch=observer.observe)
    return score(name, session.digest, truth.parameters, observer.finish(session))


@pytest.fixture(scope="module")
def seeds(tape: Tape, second: Tape) -> list[TapeScore]:
    return [scored(tape, "first"), scored(second, "second")]


@pytest.mark.drill
def test_figures_over_seeds_are_their_means_with_students_interval(seeds: list[TapeScore]) -> None:
    tables = report(seeds).tables
    for name, key, column in (
        ("sides", (ALL, "all trades"), "right"),
        ("open_interest", (ALL, "09:45", "settled"), "contract_error"),
        ("gamma", ("XYZ", "day", "inventory"), "correlation"),
        ("hedge_flow", (ALL, "5 minutes"), "slope"),
    ):
        values = [seed.scores[name][key][column] for seed in seeds]
        of = tables[name][key][column]
        low, high = stats.t.interval(0.95, 1, np.mean(values), stats.sem(values))
        assert (of.mean, of.low, of.high) == pytest.approx((np.mean(values), low, high))
        assert of.seeds == 2


def test_rows_that_only_one_seed_has_are_kept(seeds: list[TapeScore]) -> None:
    gone = {**seeds[1].scores, "sides": {(ALL, "all trades"): {"right": 0.5}}}
    less = TapeScore(**{**fields(seeds[1]), "scores": gone})  # type: ignore[arg-type]
    row = report([seeds[0], less]).tables["sides"]["rule", "at ask"]["right"]
    assert row.seeds == 1
    assert row.mean == seeds[0].scores["sides"]["rule", "at ask"]["right"]


def fields(of: TapeScore) -> dict[str, object]:
    return {name: getattr(of, name) for name in TapeScore.__slots__}


def test_one_seed_cannot_tell_what_is_nearer(seeds: list[TapeScore]) -> None:
    comparisons = report(seeds[:1]).comparisons
    assert comparisons
    assert {held.nearer for held in comparisons} == {None}
    assert all(math.isnan(held.gain.low) for held in comparisons)


def with_errors(seed: TapeScore, inventory: float, convention: float, number: int) -> TapeScore:
    """The same seed under another name, its errors of gamma replaced."""
    gamma = {
        key: {**figures, "error": inventory if key[2] == "inventory" else convention}
        for key, figures in seed.scores["gamma"].items()
    }
    changed = {"scores": {**seed.scores, "gamma": gamma}, "digest": str(number)}
    return TapeScore(**{**fields(seed), **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("errors", "nearer"),
    [
        ([(1.0, 2.0), (1.1, 2.0), (1.0, 1.9)], "inventory"),
        ([(2.0, 1.0), (2.0, 1.1), (1.9, 1.0)], "convention, settled"),
        ([(1.0, 2.0), (2.0, 1.0), (1.5, 1.5)], None),
    ],
)
def test_what_is_nearer_is_counted_not_claimed(
    seeds: list[TapeScore], errors: list[tuple[float, float]], nearer: str | None
) -> None:
    made = [with_errors(seeds[0], *pair, n) for n, pair in enumerate(errors)]
    held = next(
        c
        for c in report(made).comparisons
        if (c.table, c.symbol, c.time, c.measure, c.second)
        == ("gamma", ALL, "day", "error", "convention, settled")
    )
    gains = [second - first for first, second in errors]
    low, high = stats.t.interval(0.95, 2, np.mean(gains), stats.sem(gains))
    gain = held.gain
    assert (gain.mean, gain.low, gain.high) == pytest.approx((np.mean(gains), low, high))
    assert held.nearer == nearer


def test_a_seed_given_twice_is_refused(seeds: list[TapeScore]) -> None:
    with pytest.raises(EvaluateError, match="first and copy hold the same records"):
        report([seeds[0], TapeScore(**{**fields(seeds[0]), "name": "copy"})])  # type: ignore[arg-type]


def test_json_holds_every_table_and_no_number_that_is_none(seeds: list[TapeScore]) -> None:
    document = json.loads(report(seeds).json(), parse_constant=pytest.fail)
    assert document["level"] == 0.95
    assert [tape["path"] for tape in document["tapes"]] == ["first", "second"]
    assert document["tapes"][0]["date"] == "2025-06-02"
    assert document["tapes"][0]["parameters"] == {"seed": 1}
    for table in TABLES:
        for row in document["tables"][table.name]:
            assert all(isinstance(row[label], str) for label in table.labels)
            assert set(row) - set(table.labels) <= {column.name for column in table.columns}
    row = next(r for r in document["tables"]["gamma"] if r["estimate"] == "convention, settled")
    assert row["covered"] == {"mean": None, "low": None, "high": None, "seeds": 0}
    assert {held["nearer"] for held in document["comparisons"]} <= {
        *("inventory", "convention, settled", "convention, turnover_v3"),
        *("settled", "signed_v1", "turnover_v1", "turnover_v2", "turnover_v3", None),
    }


class Page(HTMLParser):
    """Every tag must be closed, and nothing may come from elsewhere."""

    _VOID = ("meta", "line", "circle")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.numbers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it and its numbers."""
        self.seen.append(tag)
        if tag not in self._VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert name not in ("src", "href"), "a page on its own"
            if name in ("d", "points", "cx", "cy", "x1", "x2", "y1", "y2"):
                self.numbers += re.findall(r"[^\sML,]+", value or "")

    def handle_endtag(self, tag: str) -> None:
        """It must close the last one that is open."""
        if tag not in self._VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("count", [1, 2])
def test_the_page_stands_alone(seeds: list[TapeScore], count: int) -> None:
    text = figure(report(seeds[:count]))
    page = Page()
    page.feed(text)
    assert not page.open
    assert page.seen.count("svg") == 2 + 4 + 2 * 2
    assert "http" not in text
    assert all(math.isfinite(float(number)) for number in page.numbers)
    assert len(page.numbers) > 500
    assert ("intervals over seeds" in text) == (count > 1)


def test_names_are_text_on_the_page(seeds: list[TapeScore]) -> None:
    named = TapeScore(**{**fields(seeds[0]), "name": "a<b>&c"})  # type: ignore[arg-type]
    assert "a&lt;b&gt;&amp;c" in figure(report([named]))
