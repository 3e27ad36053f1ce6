"""`zerodte calibrate` as its users meet it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from calibrate.made_bars import sessions, write_usual
from calibrate.made_sessions import finished, store
from zerodte.calibrate.bar_report import bar_report
from zerodte.calibrate.bars import read_bars
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.forecast import CLIMATOLOGY, HAR_T
from zerodte.calibrate.parameter_file import read_calibration
from zerodte.cli import main
from zerodte.constants import COVERAGE_LEVELS

DOCS = Path(__file__).parents[2] / "docs"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["calibrate", *(str(argument) for argument in arguments)])


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_usual(tmp_path_factory.mktemp("bars"))


def test_a_table_a_page_and_a_file(bars: Path, tmp_path: Path) -> None:
    page, out = tmp_path / "scores.html", tmp_path / "spy.json"
    result = run("--bars", bars, "--symbol", "spy", "--page", page, "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("SPY: minute bars of 140 sessions, 2024-01-02 to 2024-07-2")
    assert "80 forecast from earlier ones alone" in result.stdout
    for title in ("Brier scores", "Share of closes within", "placebo half a step away"):
        assert title in result.stdout
    assert "pins: no lift found in 80 sessions; could have seen " in result.stdout
    assert "har_t is better than VIX Gaussian:" in result.stdout
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.count("<svg") == 7
    assert "http" not in text.replace('lang="en"', "")
    found = read_calibration(out, "SPY")
    assert (found.fitted_on, found.sessions, found.method) == ("minute bars", 140, "har_t_v1")
    assert found.har_t is not None
    assert len(found.coverage) == 10
    again = run("--bars", bars, "--symbol", "SPY", "--out", out)
    assert again.exit_code == 1
    assert "exists and is not overwritten; choose another file" in again.output


@pytest.fixture(scope="module")
def of_spy(recorded: Path) -> Result:
    """What is printed for the recorded bars of SPY."""
    folder = recorded / "bars"
    if not folder.is_dir():
        pytest.skip(f"no recorded bars at {folder}")
    bars, vix = folder / "SPY_1m.parquet", folder / "vix_daily.csv"
    return run("--bars", bars, "--vix", vix, "--symbol", "SPY")


@pytest.mark.drill
def test_the_table_of_the_docs_is_what_the_command_prints(of_spy: Result) -> None:
    assert of_spy.exit_code == 0, of_spy.output
    printed = "\n".join(line.rstrip() for line in of_spy.stdout.splitlines())
    assert f"```text\n{printed}\n```" in (DOCS / "calibrate.md").read_text()


@pytest.mark.drill
def test_har_t_on_recorded_bars_is_as_good_as_is_claimed(recorded: Path) -> None:
    folder = recorded / "bars"
    if not folder.is_dir():
        pytest.skip(f"no recorded bars at {folder}")
    bars = read_bars(folder / "SPY_1m.parquet", folder / "vix_daily.csv")
    assert len(bars) == 252
    scores = bar_report("SPY", bars, 1.0).comparison.scores
    own = scores[HAR_T]
    assert own.brier.mean <= 0.118
    assert scores[CLIMATOLOGY].brier.mean == pytest.approx(0.126, abs=0.002)
    assert scores[CLIMATOLOGY].gain.low > 0.0
    assert own.log_loss.mean <= 0.39
    for level, of in zip(COVERAGE_LEVELS, own.coverage, strict=True):
        assert of.mean == pytest.approx(level, abs=0.04)


@pytest.mark.drill
def test_json_has_every_figure_and_is_the_same_again(bars: Path) -> None:
    first = run("--bars", bars, "--symbol", "SPY", "--json")
    assert first.exit_code == 0, first.output
    assert first.stdout == run("--bars", bars, "--symbol", "SPY", "--json").stdout
    body = json.loads(first.stdout)
    assert body["scored"] == 80
    har = body["scores"]["har_t"]
    parts = har["parts"]
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within"]
    assert total == pytest.approx(har["brier"]["mean"])
    assert sum(one["mean"] for one in har["pit"]) == pytest.approx(1.0)
    assert body["scores"]["constants"]["gap"] is None


def test_a_file_of_another_symbol_version_or_kind_is_refused(bars: Path, tmp_path: Path) -> None:
    out = tmp_path / "spy.json"
    assert run("--bars", bars, "--symbol", "SPY", "--out", out).exit_code == 0
    content = json.loads(out.read_bytes())

    def refused(change: object, symbol: str = "SPY") -> str:
        path = tmp_path / "changed.json"
        path.write_text(change if isinstance(change, str) else json.dumps(change))
        with pytest.raises(CalibrationError) as raised:
            read_calibration(path, symbol)
        return str(raised.value)

    assert refused(content, "SPX").endswith("changed.json: is of SPY, not of SPX")
    assert "has version 2 of the form, this program reads 1; make it anew" in refused(
        content | {"zerodte_calibration": 2}
    )
    assert "its scale is of version 9 of the method, this program has 1" in refused(
        content | {"scale_version": 9}
    )
    for other in ("{}", "[1]", "no json", "", '{"zerodte_calibration": "1"}'):
        assert "not a calibration file" in refused(other)
    damages: list[dict[str, object]] = [{"sessions": 0}, {"extra": 1}, {"har_t": {}}, {"symbol": 1}]
    for damage in damages:
        assert "a damaged calibration file" in refused(content | damage)
    negative = content | {"har_t": content["har_t"] | {"gains": [1.0, 1.0, -1.0, 1.0]}}
    assert "a damaged calibration file" in refused(negative)
    with pytest.raises(CalibrationError, match="cannot be read: No such file"):
        read_calibration(tmp_path / "nowhere.json")


def test_mistakes_end_in_a_clear_line(bars: Path, tmp_path: Path) -> None:
    for arguments, said in (
        ((), "give either minute bars with --bars or sessions with --history"),
        (("--bars", bars), "bars do not name their symbol; give it with --symbol"),
        (("--bars", tmp_path / "no.parquet"), "does not exist"),
        (("--bars", bars, "--symbol", "SPY", "--step", "0"), "Invalid value for '--step'"),
        (("--bars", bars, "--symbol", "SPY", "--out", tmp_path / "no" / "a"), "no such folder"),
        (("--bars", write_usual(tmp_path, 70), "--symbol", "SPY"), "70 whole sessions; needed"),
    ):
        result = run(*arguments)
        assert result.exit_code in {1, 2}
        assert said in result.output
        assert isinstance(result.exception, SystemExit), "a traceback would have reached the user"


@pytest.mark.drill
def test_finished_sessions(tmp_path: Path) -> None:
    root, page, out = tmp_path / "history", tmp_path / "k.html", tmp_path / "k.json"
    days = sessions(24, "2025-03-03")
    store(root, *(finished(day, 0.8, seed) for seed, day in enumerate(days)))
    result = run("--history", root, "--page", page, "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("SPY: finished sessions: 24, 2025-03-03 to 2025-04-03")
    assert "Physical over risk-neutral sigma" in result.stdout
    assert "served: " in result.stdout
    assert "physical_v1 is " in result.stdout
    assert "than density_v1" in result.stdout
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 7
    found = read_calibration(out, "SPY")
    assert (found.fitted_on, found.sessions, found.har_t) == ("finished sessions", 24, None)
    body = json.loads(run("--history", root, "--json").stdout)
    assert body["method"] == found.method
    assert tuple(body["served"]) == found.scale
    store(root, finished(days[0], 0.8, 1, "IWM"))
    for arguments, said in (
        ((), "has IWM, SPY; choose one with --symbol"),
        (("--symbol", "QQQ"), "no session of QQQ; it has IWM, SPY"),
        (("--vix", page), "--vix goes with --bars"),
        (("--bars", page), "give either minute bars with --bars or sessions"),
    ):
        other = run("--history", root, *arguments)
        assert other.exit_code in {1, 2}
        assert said in other.output
    empty = run("--history", tmp_path / "nowhere")
    assert empty.exit_code == 1
    assert "no finished session; it has no session" in empty.output


@pytest.mark.drill
def test_a_recorded_half_day(goog_tape: Path, tmp_path: Path) -> None:
    """From a tape of real quotes to a scale, by commands alone."""
    root, out = tmp_path / "history", tmp_path / "goog.json"
    replayed = CliRunner().invoke(main, ["replay", str(goog_tape), "--history", str(root)])
    assert replayed.exit_code == 0, replayed.output
    result = run("--history", root, "--out", out)
    assert result.exit_code == 0, result.output
    assert "GOOG: finished sessions: 1, 2015-12-24 to 2015-12-24" in result.stdout
    assert "nan" not in result.stdout
    assert "physical_v1 is no better than density_v1: one session tells nothing" in result.stdout
    found = read_calibration(out, "GOOG")
    assert found.scale is not None
    # One session moves k by less than a sixtieth of what it says.
    assert found.scale == pytest.approx((0.87,) * 4, abs=0.01)
    ratios = json.loads(run("--history", root, "--json").stdout)["realised_over_implied"]
    assert all(0.2 < ratio < 2.0 for ratio in ratios)
