"""`zerodte doctor`: each thing that can be wrong, with what to do about it."""

import datetime
import json
import os
import shutil
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from feeds import alpaca_host, massive_host, tasty, tradier_host
from feeds.cboe_host import hosting
from feeds.gateway import KEY, serving, simulated
from feeds.nats_broker import broker
from server.example import ExampleService
from server.keyed import create_key
from server.ports import served
from session.synthetic import synthetic_tape
from zerodte.access.key_file import KeyFile
from zerodte.cli import main
from zerodte.cli.doctor import data
from zerodte.cli.doctor.data import examine_folder
from zerodte.cli.doctor.machine import examine_calendar
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings


@pytest.fixture(autouse=True)
def no_own_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZERODTE_CONFIG", "")
    monkeypatch.setenv("ZERODTE_SERVER_PORT", "0")


def diagnosis(*arguments: str | Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit status and the findings by subject, the worst of each."""
    words = ["doctor", "--json", *(str(argument) for argument in arguments)]
    result = CliRunner().invoke(main, words)
    order = ("ok", "warning", "problem")
    findings = sorted(json.loads(result.stdout), key=lambda one: order.index(one["state"]))
    for finding in findings:
        assert bool(finding["advice"]) == (finding["state"] != "ok"), finding
    return result.exit_code, {finding["about"]: finding for finding in findings}


def written(tmp_path: Path, text: str) -> Path:
    """A configuration file with this text."""
    file = tmp_path / "zerodte.toml"
    file.write_text(text)
    return file


def test_a_sound_installation(tmp_path: Path) -> None:
    tape = synthetic_tape(tmp_path / "tape", datetime.date(2024, 11, 29)).path
    text = f'[server]\nhistory = "{tmp_path}/history"\n[live]\nrecord = "{tmp_path}/new/one"\n'
    status, found = diagnosis(tape, "--config", written(tmp_path, text))
    assert status == 0
    assert found.keys() == {
        *("configuration", "calendar", "clock", "limits", "kernels", "keys", "port"),
        *("temporary files", "recordings", "history", "tape"),
    }
    assert "the session of 2024-11-29" in found["tape"]["found"]
    assert found["configuration"]["found"].endswith("zerodte.toml; 3 settings set")
    assert not (tmp_path / "new").exists(), "it only looks"


def test_as_text_a_line_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", str(tmp_path)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    (row,) = [number for number, line in enumerate(lines) if line.startswith("problem")]
    assert lines[row].startswith(f"problem  tape: {tmp_path}: no DBN files in it")
    assert lines[row + 1].startswith("         -> docs/tape.md")


def test_a_configuration_that_cannot_be_used(tmp_path: Path) -> None:
    status, found = diagnosis("--config", written(tmp_path, "[server]\nprot = 1\n"))
    assert status == 1
    assert "the nearest known is server.port" in found["configuration"]["found"]
    assert found["kernels"], "the rest is examined all the same"


def test_files_that_the_configuration_names(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("day,hour\n")
    (tmp_path / "spy.json").write_text("{}")
    text = f'[session]\nevents = "{tmp_path}/events.csv"\ncalibration = ["{tmp_path}/spy.json"]\n'
    status, found = diagnosis("--config", written(tmp_path, text))
    assert status == 1
    assert "no column date; expected" in found["events"]["found"]
    assert found["calibration"]["state"] == "problem"


def test_a_file_of_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = tmp_path / "alerts.toml"
    monkeypatch.setenv("ZERODTE_SERVER_ALERTS", str(alerts))
    _, found = diagnosis()
    assert (found["alerts"]["state"], found["alerts"]["found"]) == (
        "problem",
        f"{alerts}: No such file or directory",
    )
    hook = 'kind = "webhook"\nurl = "https://desk.example/secret"'
    alerts.write_text(f'use = ["pin_lock"]\n[targets.desk]\n{hook}\nsecret_env = "DESK_SECRET"\n')
    _, found = diagnosis()
    assert found["alerts"]["found"].endswith("the variable DESK_SECRET is not set")
    monkeypatch.setenv("DESK_SECRET", "a-secret")
    status, found = diagnosis()
    assert status == 0
    assert found["alerts"]["found"].startswith(f"1 rules and 1 targets in {alerts}; ")
    assert "secret" not in str(found["alerts"]["found"]).replace(str(alerts), "")


def test_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.db"
    monkeypatch.setenv("ZERODTE_SERVER_KEYS", str(file))
    status, found = diagnosis()
    assert (status, found["keys"]["state"]) == (1, "problem")
    assert found["keys"]["advice"].startswith("run zerodte keys create")
    assert not file.exists(), "it only looks"
    identity, _ = create_key(file, "growth")
    status, found = diagnosis()
    assert (status, found["keys"]["found"]) == (0, f"1 valid in {file}")
    with KeyFile(file) as store:
        store.revoke(identity)
    assert diagnosis()[1]["keys"]["found"] == f"{file} has no valid key"
    monkeypatch.setenv("ZERODTE_SERVER_OPEN", "true")
    assert diagnosis()[1]["keys"]["state"] == "problem", "they contradict each other"


def test_keys_on_a_nats_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with broker(tmp_path / "nats") as running:
        secret = running.url.replace("nats://", "nats://desk:secret@")
        monkeypatch.setenv("ZERODTE_SERVER_KEYS", secret)
        assert "it has no keys; `zerodte keys create" in diagnosis()[1]["keys"]["found"]
        create_key(running.url, "growth")
        status, found = diagnosis()
        assert (status, found["keys"]["found"]) == (0, f"1 valid in {running.url}")
    status, found = diagnosis()
    assert status == 1
    assert found["keys"]["found"].startswith(f"{running.url}: the NATS server cannot be reached")


def test_a_port_that_anybody_could_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZERODTE_SERVER_HOST", "0.0.0.0")  # noqa: S104
    status, found = diagnosis()
    assert status == 1
    assert found["port"]["found"] == "other machines reach 0.0.0.0, and answers need no key"
    monkeypatch.setenv("ZERODTE_SERVER_OPEN", "true")
    assert diagnosis()[0] == 0


def test_a_port_on_which_a_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    service = ExampleService()
    with served(create_app(service, ServerSettings())) as url:
        monkeypatch.setenv("ZERODTE_SERVER_PORT", url.rpartition(":")[2])
        status, found = diagnosis()
        assert (status, found["port"]["state"]) == (0, "ok")
        assert "a healthy server answers at 127.0.0.1:" in found["port"]["found"]
        service.reasons = ("the feed is away",)
        status, found = diagnosis()
        assert status == 1
        assert found["port"]["found"].endswith("is unhealthy: the feed is away")


def test_a_port_that_something_else_has(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:

        def greet() -> None:
            connection, _ = taken.accept()
            with connection:
                connection.sendall(b"SSH-2.0-other\r\n")

        other = threading.Thread(target=greet)
        other.start()
        port = taken.getsockname()[1]
        monkeypatch.setenv("ZERODTE_SERVER_PORT", str(port))
        status, found = diagnosis()
        other.join(10)
    assert status == 1
    assert f"cannot listen on 127.0.0.1:{port}" in found["port"]["found"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    finding = examine_folder("recordings", tmp_path / "new")
    tmp_path.chmod(0o700)
    assert finding.state == "problem"
    assert f"{tmp_path} cannot be written by this user" in finding.found


def test_folders_and_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    finding = examine_folder("recordings", tmp_path / "file" / "sub")
    assert (finding.state, finding.found) == ("problem", f"{tmp_path / 'file'} is no folder")
    free = shutil.disk_usage(tmp_path).free
    for bounds, state in (((0, 0), "ok"), ((0, free * 2), "warning"), ((free * 2,) * 2, "problem")):
        monkeypatch.setattr(data, "_TOO_LITTLE", bounds[0])
        monkeypatch.setattr(data, "_LITTLE", bounds[1])
        assert examine_folder("recordings", tmp_path).state == state


def test_a_history_that_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("")
    text = f'[server]\nhistory = "{tmp_path}/history"\n'
    status, found = diagnosis("--config", written(tmp_path, text))
    assert (status, found["history"]["state"]) == (1, "problem")


def test_the_calendar_says_which_session_is_next() -> None:
    (only,) = examine_calendar(datetime.date(2024, 11, 28))
    assert only.found == (
        "a session next on Friday 2024-11-29, 09:30 to 13:00 New York, an early close"
    )
    late = list(examine_calendar(datetime.date(2028, 1, 3)))
    assert late[1].state == "warning"
    assert late[1].found == "rate decisions are known until 2027-12-08"


def test_a_gateway_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    with serving(simulated(), 1.0, late=60.0) as gateway:
        address = f"{gateway.host}:{gateway.port}"
        words = ("databento", "--symbols", "NVDA", "--gateway", address)
        status, found = diagnosis(*words, "--capture", tmp_path / "copy")
        assert status == 0
        copies = sorted((tmp_path / "copy").iterdir())
        assert len(copies) == 3, "definitions, quotes, trades"
        for copy in copies:
            content = copy.read_bytes()
            assert content.startswith(b"DBN\x03")
            assert KEY.encode() not in content
        assert "open interest of 100%" in found["NVDA"]["found"]
        assert {found[about]["state"] for about in ("databento", "trades", "quotes")} == {"ok"}
        monkeypatch.setenv("DATABENTO_API_KEY", KEY[::-1])
        status, found = diagnosis(*words)
        assert status == 1
        assert "it refused: Authentication failed" in found["databento"]["found"]
        monkeypatch.delenv("DATABENTO_API_KEY")
        monkeypatch.setenv("HOME", "/nowhere")
        status, found = diagnosis("databento")
        assert "set DATABENTO_API_KEY" in found["databento"]["found"]


def test_a_host_of_delayed_quotes(tmp_path: Path) -> None:
    with hosting() as host:
        words = ("cboe", "--symbols", "SPY", "--url", host.url)
        status, found = diagnosis(*words, "--capture", tmp_path)
        assert status == 0
        assert json.loads((tmp_path / "SPY.json").read_bytes())["symbol"] == "SPY"
        assert "26 contracts expire on 2022-03-23; open interest of 100%" in found["SPY"]["found"]
        assert found["flow"]["state"] == "warning"
        host.standing = "403"
        status, found = diagnosis(*words)
        assert status == 1
        assert "turns us away" in found["SPY"]["found"]


def test_a_tastytrade_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", tasty.SECRET)
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", tasty.REFRESH)
    with tasty.serving(simulated(), 1.0, late=60.0) as host:
        words = ("tastytrade", "--symbols", "NVDA", "--gateway", host.address)
        status, found = diagnosis(*words, "--capture", tmp_path / "copy")
        assert status == 0
        (copy,) = (tmp_path / "copy").iterdir()
        content = copy.read_text()
        assert '"TimeAndSale"' in content
        assert tasty.SECRET not in content
        assert tasty.REFRESH not in content
        assert "token" not in content
        assert "open interest of 100%" in found["NVDA"]["found"]
        about = ("key", "login", "level", "clock offset", "websocket", "trades", "quotes")
        assert {found[row]["state"] for row in about} == {"ok"}
        monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", tasty.REFRESH[::-1])
        status, found = diagnosis(*words)
        assert status == 1
        assert "answered 401 Unauthorized" in found["login"]["found"]
        monkeypatch.delenv("TASTYTRADE_REFRESH_TOKEN")
        monkeypatch.setenv("HOME", "/nowhere")
        status, found = diagnosis(*words)
        assert "set TASTYTRADE_REFRESH_TOKEN" in found["key"]["found"]


def test_an_alpaca_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", alpaca_host.KEY)
    monkeypatch.setenv("APCA_API_SECRET_KEY", alpaca_host.SECRET)
    with alpaca_host.serving(simulated(), 1.0, late=60.0) as host:
        words = ("alpaca", "--symbols", "NVDA", "--gateway", host.address)
        status, found = diagnosis(*words, "--capture", tmp_path / "copy")
        assert status == 0
        (copy,) = (tmp_path / "copy").iterdir()
        content = copy.read_bytes()
        assert b"authenticated" in content
        assert alpaca_host.KEY.encode() not in content
        assert alpaca_host.SECRET.encode() not in content
        assert "open interest of 100%" in found["NVDA"]["found"]
        about = ("key", "stream", "clock offset", "trades", "quotes", "spot")
        assert {found[row]["state"] for row in about} == {"ok"}
        monkeypatch.setenv("APCA_API_SECRET_KEY", alpaca_host.SECRET[::-1])
        status, found = diagnosis(*words)
        assert status == 1
        assert "402: auth failed; check the keys" in found["stream"]["found"]
        monkeypatch.delenv("APCA_API_SECRET_KEY")
        monkeypatch.setenv("HOME", "/nowhere")
        status, found = diagnosis(*words)
        assert "set APCA_API_SECRET_KEY" in found["key"]["found"]


def test_an_alpaca_account_without_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", alpaca_host.KEY)
    monkeypatch.setenv("APCA_API_SECRET_KEY", alpaca_host.SECRET)
    with alpaca_host.serving(simulated(), 1.0, has_opra=False) as host:
        status, found = diagnosis("alpaca", "--symbols", "NVDA", "--gateway", host.address)
    assert status == 1
    assert "need the plan Algo Trader Plus" in found["stream"]["found"]


def test_a_massive_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", massive_host.KEY)
    with massive_host.serving(simulated(), 1.0, late=60.0) as host:
        words = ("massive", "--symbols", "NVDA", "--gateway", host.address)
        status, found = diagnosis(*words, "--capture", tmp_path / "copy")
        assert status == 0
        (copy,) = (tmp_path / "copy").iterdir()
        assert "auth_success" in copy.read_text()
        assert massive_host.KEY not in copy.read_text()
        assert "open interest of 100%" in found["NVDA"]["found"]
        about = ("key", "stream", "clock offset", "trades", "quotes", "spot")
        assert {found[row]["state"] for row in about} == {"ok"}
        assert "has ended any other with the same key" in found["connections"]["found"]
        monkeypatch.setenv("MASSIVE_API_KEY", massive_host.KEY[::-1])
        status, found = diagnosis(*words)
        assert status == 1
        assert "auth_failed: authentication failed; check the key" in found["stream"]["found"]
        monkeypatch.delenv("MASSIVE_API_KEY")
        monkeypatch.setenv("HOME", "/nowhere")
        status, found = diagnosis(*words)
        assert "set MASSIVE_API_KEY" in found["key"]["found"]


def test_a_massive_account_without_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", massive_host.KEY)
    with massive_host.serving(simulated(), 1.0, has_options=False) as host:
        status, found = diagnosis("massive", "--symbols", "NVDA", "--gateway", host.address)
    assert status == 1
    assert "need the plan Options Advanced" in found["stream"]["found"]


def test_a_tradier_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADIER_TOKEN", tradier_host.TOKEN)
    with tradier_host.serving(simulated(), 1.0, late=60.0) as host:
        words = ("tradier", "--symbols", "NVDA", "--gateway", host.address)
        status, found = diagnosis(*words, "--capture", tmp_path / "copy")
        assert status == 0
        (copy,) = (tmp_path / "copy").iterdir()
        content = copy.read_text()
        assert '"type":"timesale"' in content
        assert tradier_host.TOKEN not in content
        assert "sessionid" not in content
        assert "open interest of 100%" in found["NVDA"]["found"]
        about = ("key", "stream", "clock offset", "trades", "quotes", "NVDA spot")
        assert {found[row]["state"] for row in about} == {"ok"}
        assert "could be letters of OPRA's sale conditions" in found["flags"]["found"]
        assert found["seq"]["found"].startswith("0 of ")
        assert "a quote of " in found["NVDA spot"]["found"]
        monkeypatch.setenv("TRADIER_TOKEN", tradier_host.TOKEN[::-1])
        status, found = diagnosis(*words)
        assert status == 1
        assert "Invalid Access Token" in found["stream"]["found"]
        monkeypatch.delenv("TRADIER_TOKEN")
        monkeypatch.setenv("HOME", "/nowhere")
        status, found = diagnosis(*words)
        assert "set TRADIER_TOKEN" in found["key"]["found"]


@pytest.mark.drill
def test_the_value_of_an_index_is_held_against_its_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADIER_TOKEN", tradier_host.TOKEN)
    with tradier_host.serving(simulated(2, "SPX"), 1.0, late=60.0) as host:
        status, found = diagnosis("tradier", "--gateway", host.address)
    assert status == 0
    assert found["SPX spot"]["state"] == "ok"
    assert "; the parity of the chain is " in found["SPX spot"]["found"]


@pytest.mark.drill
def test_tradier_before_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing came, nothing was compared."""
    monkeypatch.setenv("TRADIER_TOKEN", tradier_host.TOKEN)
    with tradier_host.serving(simulated(2, "SPX"), 1.0, late=-3600.0) as host:
        status, found = diagnosis("tradier", "--gateway", host.address)
    assert status == 0
    assert {found[row]["state"] for row in ("flags", "seq", "SPX spot")} == {"warning"}
    assert found["seq"]["found"] == "no trade came to tell"


def test_the_sandbox_of_tradier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADIER_TOKEN", tradier_host.TOKEN)
    status, found = diagnosis("tradier", "--gateway", "sandbox.tradier.com:443")
    assert status == 1
    assert "data 15 minutes late, and no stream" in found["key"]["found"]


def test_a_demo_of_tastytrade_is_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", tasty.SECRET)
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", tasty.REFRESH)
    with tasty.serving(simulated(), 1.0, late=60.0, level="demo") as host:
        words = ("tastytrade", "--symbols", "NVDA", "--gateway", host.address)
        status, found = diagnosis(*words)
    assert status == 0
    assert found["level"]["found"] == "demo: its data is delayed"
