"""The calibration of a symbol as the API tells it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from calibrate.made_bars import sessions, write_usual
from calibrate.made_sessions import finished, store
from session.made_tape import SYMBOLS, quotes, stock, trades, write
from zerodte.calibrate.parameter_file import read_calibration
from zerodte.cli import main
from zerodte.market.calendar import calendar
from zerodte.records.dbn import OPRA
from zerodte.runtime.replay import replay
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.session import Session
from zerodte.session.settings import SessionSettings, scale_of
from zerodte.tape.folder import open_tape
from zerodte.wire.calibration import Calibration, CalibrationFile, CalibrationQuery
from zerodte.wire.errors import ApiError


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    tape = write(
        tmp_path_factory.mktemp("tape"),
        ("cbbo-1s", quotes("cbbo-1s", 2_000, 200, seed=1)),
        ("tcbbo", trades("tcbbo", 100, 200, seed=2)),
        ("bbo-1s", stock(200)),
    )
    return replay(open_tape(tape.path))


def calibrated(folder: Path, *arguments: str | Path) -> CalibrationFile:
    """The file that the command writes."""
    out = folder / "file.json"
    texts = [str(argument) for argument in (*arguments, "--symbol", "ABC", "--out", out)]
    result = CliRunner().invoke(main, ["calibrate", *texts])
    assert result.exit_code == 0, result.output
    return read_calibration(out)


def ask(session: Session, *files: CalibrationFile, symbol: str = "ABC") -> dict[str, Any]:
    calibrations = {file.symbol: file for file in files}
    stage = Stage(None, SessionSettings(calibrations=calibrations))
    stage.show(CurrentSession(session, "replay"))
    body = LocalService(stage).answer(CalibrationQuery(symbol=symbol))
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_without_a_file_it_is_the_published_premium(session: Session) -> None:
    answer = ask(session)
    quarters = dict.fromkeys(("first", "second", "third", "fourth"), 0.87)
    assert answer.keys() == set(Calibration.__struct_fields__)
    assert (answer["symbol"], answer["method"], answer["version"]) == ("ABC", "physical_v1", 1)
    assert (answer["sessions"], answer["scale"], answer["fit"]) == (0, quarters, None)
    assert answer["data_as_of"]["flow_feed"] is not None


def test_minute_bars_bring_scores_and_no_scale(session: Session, tmp_path: Path) -> None:
    file = calibrated(tmp_path, "--bars", write_usual(tmp_path, 90))
    answer = ask(session, file)
    assert (answer["method"], answer["sessions"]) == ("physical_v1", 0)
    assert set(answer["scale"].values()) == {0.87}
    fit = answer["fit"]
    assert (fit["fitted_on"], fit["method"], fit["sessions"]) == ("minute bars", "har_t_v1", 90)
    assert [one["level"] for one in fit["coverage"]][:2] == [0.1, 0.2]
    assert {one["rival"] for one in fit["scores"]} >= {"climatology", "constants", "VIX Gaussian"}
    for one in fit["scores"]:
        assert (one["verdict"] == "better") == (one["gain_low"] > 0.0)
        assert one["gain"] == pytest.approx(one["rival_brier"] - one["brier"], abs=1e-6)


def test_finished_sessions_bring_the_scale(session: Session, tmp_path: Path) -> None:
    days = sessions(3, "2025-03-03")
    root = tmp_path / "history"
    store(root, *(finished(day, 1.4, seed, "ABC") for seed, day in enumerate(days)))
    file = calibrated(tmp_path, "--history", root)
    answer = ask(session, file)
    assert file.scale is not None
    assert list(answer["scale"].values()) == pytest.approx(file.scale, rel=1e-6)
    assert (answer["method"], answer["sessions"]) == ("physical_v1", 3)
    assert answer["fit"]["first"] == "2025-03-03"
    assert scale_of(file).factors == file.scale


def test_one_session_has_no_interval_and_says_so(session: Session, tmp_path: Path) -> None:
    root = tmp_path / "history"
    store(root, finished(sessions(1, "2025-03-03")[0], 0.9, 1, "ABC"))
    score = ask(session, calibrated(tmp_path, "--history", root))["fit"]["scores"][0]
    assert (score["gain_low"], score["gain_high"]) == (None, None)
    assert score["verdict"] == "no better"


def test_a_file_of_another_symbol_is_not_used(session: Session, tmp_path: Path) -> None:
    root = tmp_path / "history"
    store(root, finished(sessions(1, "2025-03-03")[0], 0.9, 1, "SPY"))
    out = tmp_path / "spy.json"
    CliRunner().invoke(main, ["calibrate", "--history", str(root), "--out", str(out)])
    assert ask(session, read_calibration(out))["fit"] is None


def test_a_session_that_a_file_has_seen_says_so(session: Session, tmp_path: Path) -> None:
    """A replay of a day that it was fitted on."""
    root, date = tmp_path / "history", str(session.hours.date)
    store(root, finished(sessions(1, date)[0], 0.9, 1, "ABC"))
    file = calibrated(tmp_path, "--history", root)
    said = f"the calibration of ABC was fitted on sessions up to {date}"
    for calibrations in ({}, {"ABC": file}):
        settings = SessionSettings(calibrations=calibrations)
        told = Session(session.hours, calendar(), {OPRA: "options"}, settings=settings)
        told.learn(OPRA, SYMBOLS)
        assert any(said in text for text in told.notices("ABC")) is bool(calibrations)


def test_an_unknown_symbol_is_refused(session: Session) -> None:
    with pytest.raises(ApiError, match="XYZ is not tracked; tracked symbols: ABC") as refused:
        ask(session, symbol="XYZ")
    assert refused.value.code == "symbol_not_found"


def test_files_that_cannot_be_served_are_refused_at_the_start(tmp_path: Path) -> None:
    root = tmp_path / "history"
    store(root, finished(sessions(1, "2025-03-03")[0], 0.9, 1, "SPY"))
    out = tmp_path / "spy.json"
    CliRunner().invoke(main, ["calibrate", "--history", str(root), "--out", str(out)])
    other = tmp_path / "old.json"
    other.write_bytes(out.read_bytes().replace(b'calibration": 1', b'calibration": 7'))
    for command, files, said in (
        (["serve"], [out, out], "another file is of SPY too; give one"),
        (["serve"], [other], "has version 7 of the form, this program reads 1"),
        (
            ["live", ":1", "--record", str(tmp_path / "new")],
            [tmp_path / "nowhere.json"],
            "cannot be read: No such file",
        ),
    ):
        options = [word for file in files for word in ("--calibration", str(file))]
        result = CliRunner().invoke(main, [*command, *options])
        assert result.exit_code in {1, 2}
        assert said in result.output
