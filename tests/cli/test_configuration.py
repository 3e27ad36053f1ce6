"""One configuration: the file, the environment and flags, as a user meets them."""

import datetime
import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from runtime.feeds_on_ports import eventually
from session.synthetic import synthetic_tape
from zerodte.cli import main
from zerodte.cli.configuration.show import settings_table
from zerodte.cli.configuration.table import SETTINGS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def no_own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("ZERODTE_CONFIG", raising=False)


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), "a traceback"
    return result.exit_code, result.stdout, result.stderr


def written(tmp_path: Path, text: str) -> Path:
    """A configuration file with this text."""
    file = tmp_path / "zerodte.toml"
    file.write_text(text)
    return file


def shown(*arguments: str | Path) -> dict[str, str]:
    """What `config show` prints by key: the line after the name."""
    code, out, error = run("config", "show", *arguments)
    assert code == 0, error
    rows: dict[str, str] = {}
    for line in out.splitlines():
        if line.startswith("["):
            table = line.strip("[]")
        elif match := re.match(r"(?:# )?(\w+)(?: = (.*)| is not set)$", line):
            rows[f"{table}.{match[1]}"] = match[2] or ""
    return rows


def test_what_is_in_force_and_from_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, '[server]\nport = 9000\nhost = "::1"\n[demo]\nsymbols = ["SPX"]\n')
    monkeypatch.setenv("ZERODTE_SERVER_PORT", "9001")
    monkeypatch.setenv("ZERODTE_SERVER_ALLOW_HOST", "a.example, b.example")
    rows = shown("--config", file)
    assert {key for key in rows if not key.startswith("plans.")} == {s.key for s in SETTINGS}
    assert rows["plans.free.daily_limit"] == "5"
    assert rows["server.port"] == "9001  # ZERODTE_SERVER_PORT"
    assert rows["server.host"] == f'"::1"  # {file}'
    assert rows["server.allow_host"] == '["a.example", "b.example"]  # ZERODTE_SERVER_ALLOW_HOST'
    assert rows["demo.symbols"] == f'["SPX"]  # {file}'
    assert rows["demo.seed"] == "1  # default"
    assert rows["server.history"] == ""


def test_what_is_shown_is_a_configuration(tmp_path: Path) -> None:
    file = written(tmp_path, "[demo]\ndate = 2025-06-02\nspeed = 10\n[serve]\nspeed = 2.5\n")
    _, out, _ = run("config", "show", "--config", file)
    again = tmp_path / "again.toml"
    again.write_text(out)
    assert tomllib.loads(out)["demo"]["date"] == "2025-06-02"
    rows = shown("--config", again)
    for key, value in shown("--config", file).items():
        assert rows[key].split("  #")[0] == value.split("  #")[0]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\nhistory = "s3://AK:SECRET@bucket/days?token=HIDE"\n')
    _, out, _ = run("config", "show", "--config", file)
    assert 'history = "s3://***@bucket/days?***"' in out
    assert not re.search("AK|SECRET|HIDE|token", out)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[server]\nprot = 1", "unknown key server.prot; the nearest known is server.port"),
        ("port = 1", "unknown key port; the nearest known is server.port"),
        ("[sevrer]\nport = 1", "unknown key sevrer; the nearest known is server"),
        ("[server]\nzzz = 1", "unknown key server.zzz; known are server.host, server.port,"),
        ("[zzz]", "unknown key zzz; known are server, session,"),
        ("server = 1", "server is a table; write [server]"),
        ('[server]\nport = "8017"', 'server.port: it is "8017"; write a whole number'),
        ("[server]\nport = true", "server.port: it is true; write a whole number"),
        ("[server]\nport = 8017.5", "server.port: it is 8017.5; write a whole number"),
        ("[server]\nport = 70000", "server.port: 70000 is not in the range 0<=x<=65535"),
        ("[server]\nhost = 1", "server.host: it is 1; write a text in quotes"),
        ('[server]\nallow_host = "a"', 'server.allow_host: it is "a"; write a list of texts'),
        ('[server]\nallow_host = ["http://a"]', "server.allow_host: 'http://a' is not the name"),
        ('[server]\npublic_url = "a.example"', "write one such as https://market.example"),
        ('[server]\npublic_url = "https://a.example/api"', "is not the URL of a server"),
        ('[server]\nlog_level = "loud"', "'info', 'warning', 'error'"),
        (
            '[session]\nopen_interest = "guess"',
            "'turnover_v3', 'turnover_v2', 'turnover_v1', 'signed_v1'",
        ),
        ('[session]\nevents = "no/file"', "session.events: File 'no/file' does not exist"),
        ("[demo]\nspeed = nan", "demo.speed: nan is not a finite number"),
        ("[demo]\nspeed = 0", "demo.speed: 0.0 is not in the range x>0"),
        ('[demo]\nsymbols = ["XYZ"]', "demo.symbols: unknown symbol 'XYZ'"),
        ("[demo]\ndate = 12:00:00", "write a date, yyyy-MM-dd"),
        ("plans = 1", "plans is a table; write [plans.NAME]"),
        ("[plans]\ngrowth = 1", "plans.growth: write a table [plans.growth]"),
        ("[plans.free]\nlimit = 1", "the nearest known is plans.free.daily_limit"),
        ('[plans.free]\ndaily_limit = "5"', 'daily_limit: it is "5"; write a whole number from 1'),
        ("[plans.free]\ndaily_limit = 0", "plan free: the daily limit is 0; it must be at least 1"),
        ("[plans.Free]", "a name has lower-case letters"),
        ("[plans.free]", "requires the plan growth; add [plans.growth]"),
        ("[server", "not a TOML file: "),
        ("#" * (1 << 20) + "#", "larger than a megabyte"),
    ],
    ids=lambda text: text[:40],
)
def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = written(tmp_path, text)
    for command in (("config", "show"), ("demo",), ("replay", "nowhere")):
        code, _, error = run(*command, "--config", file)
        assert code == 1
        assert error.startswith(f"Error: {file}: ")
        assert complaint in error
        assert len(error.splitlines()) == 1


def test_mistakes_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZERODTE_SERVER_PORT", "http")
    for command in (("config", "show"), ("demo",)):
        code, _, error = run(*command)
        assert code in (1, 2)
        assert "ZERODTE_SERVER_PORT: 'http' is not a whole number; write one from 0" in error
    monkeypatch.delenv("ZERODTE_SERVER_PORT")
    monkeypatch.setenv("ZERODTE_SERVER_PROT", "1")
    code, _, error = run("config", "show")
    assert code == 1
    assert "unknown variable ZERODTE_SERVER_PROT in the environment" in error
    assert "the nearest known is ZERODTE_SERVER_PORT" in error
    monkeypatch.delenv("ZERODTE_SERVER_PROT")
    # An orchestrator names what it knows of a service of this name.
    monkeypatch.setenv("ZERODTE_PORT_8017_TCP_ADDR", "192.0.2.1")
    assert run("config", "show")[0] == 0


def test_which_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    default = tmp_path / "config" / "zerodte" / "config.toml"
    default.parent.mkdir(parents=True)
    default.write_text("[demo]\nseed = 2\n")
    assert shown()["demo.seed"] == f"2  # {default}"
    named = written(tmp_path, "[demo]\nseed = 3\n")
    monkeypatch.setenv("ZERODTE_CONFIG", str(named))
    assert shown()["demo.seed"] == f"3  # {named}"
    assert shown("--config", default)["demo.seed"] == f"2  # {default}"
    monkeypatch.setenv("ZERODTE_CONFIG", "")
    assert shown()["demo.seed"] == "1  # default"
    code, _, error = run("config", "show", "--config", tmp_path / "nowhere")
    assert (code, error) == (1, f"Error: {tmp_path / 'nowhere'}: No such file or directory\n")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under any number."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert shown()["demo.seed"] == "1  # default"


def test_a_flag_beats_the_environment_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by the symbol that the demo refuses."""
    file = written(tmp_path, "[server]\nport = 0\n[demo]\ndate = 2025-07-04\n")
    assert "2025-07-04 is a Friday" in run("demo", "--config", file)[2]
    monkeypatch.setenv("ZERODTE_DEMO_DATE", "2025-12-25")
    assert "2025-12-25 is a Thursday" in run("demo", "--config", file)[2]
    assert "2025-01-01 is a Wed" in run("demo", "--config", file, "--date", "2025-01-01")[2]


def test_plans_of_the_file(tmp_path: Path) -> None:
    """They are all plans there are; keys are made on them."""
    text = "[plans.free]\ndaily_limit = 20\n[plans.basic]\n[plans.growth]\ndisplay_name = 'Desk'\n"
    text += "[plans.alpha]\n"
    file = written(tmp_path, text)
    rows = shown("--config", file)
    assert {key: value for key, value in rows.items() if key.startswith("plans.")} == {
        "plans.free.display_name": '"Free"',
        "plans.free.daily_limit": "20",
        "plans.basic.display_name": '"Basic"',
        "plans.basic.daily_limit": "",
        "plans.growth.display_name": '"Desk"',
        "plans.growth.daily_limit": "",
        "plans.alpha.display_name": '"Alpha"',
        "plans.alpha.daily_limit": "",
    }
    options = ("--config", file, "--keys", tmp_path / "keys.db")
    assert "20 answers a day" in run("keys", "create", "--plan", "free", *options)[2]
    code, _, error = run("keys", "create", "--plan", "enterprise", *options)
    assert (code, "'enterprise' is not one of 'free', 'basic', 'growth', 'alpha'" in error) == (
        2,
        True,
    )


def test_the_documented_plans_are_all_that_routes_require(tmp_path: Path) -> None:
    page = (DOCS / "configuration.md").read_text()
    (example,) = [
        text for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[plans" in text
    ]
    rows = shown("--config", written(tmp_path, example))
    assert rows["plans.free.daily_limit"] == "20"


def test_every_setting_is_documented_once() -> None:
    page = (DOCS / "configuration.md").read_text()
    assert "\n".join(settings_table()) in page, "put what `zerodte config keys` prints there"


def test_every_setting_has_the_flag_that_is_documented() -> None:
    context = click.Context(main)
    commands = [main.get_command(context, name) for name in main.list_commands(context)]
    options = {
        (command.name, flag)
        for command in commands
        if command is not None
        for param in command.params
        if isinstance(param, click.Option)
        for flag in param.opts
    }
    for setting in SETTINGS:
        users = {"server": ("serve", "live", "demo"), "session": ("serve", "live", "replay")}
        for name in users.get(setting.table, (setting.table,)):
            assert (name, setting.flag) in options


class Served:
    """A server as a process without a terminal, and what it logs."""

    def __init__(self, tape: Path, file: Path, *flags: str) -> None:
        command = [sys.executable, "-m", "zerodte", "serve", str(tape), "--config", str(file)]
        self.log = file.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, *flags],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env={**os.environ, "ZERODTE_SESSION_PROBABILITIES": "density"},
            )
        assert self.process.stdout is not None
        said = next(line for line in self.process.stdout if "curl" in line)
        self.url = said.split()[1].partition("/v1")[0]

    def status(self, host: str) -> int:
        """The status of an answer to a request for a host."""
        request = urllib.request.Request(f"{self.url}/openapi.json", headers={"Host": host})  # noqa: S310
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def reload(self, said: str) -> None:
        """Send SIGHUP, and wait until the log says so."""
        before = self.log.read_text().count(said)
        self.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.log.read_text().count(said) > before)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    tape = synthetic_tape(tmp_path / "tape", datetime.date(2024, 11, 29)).path
    text = '[server]\nport = 0\nallow_host = ["one.example"]\nlog_level = "warning"\n'
    file = written(tmp_path, text)
    server = Served(tape, file, "--open-interest", "signed_v1")
    yield server, file
    server.process.kill()
    server.process.communicate()


@pytest.mark.drill
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_hangup_reloads_what_may_change(served: tuple[Served, Path]) -> None:
    server, file = served
    assert (server.status("one.example"), server.status("two.example")) == (200, 421)
    assert "event=start" not in server.log.read_text()
    file.write_text(
        '[server]\nport = 1\nallow_host = ["two.example"]\n'
        '[session]\nprobabilities = "reference"\nopen_interest = "turnover_v1"\n'
    )
    server.reload("needs_restart=server.port\n")
    log = server.log.read_text()
    assert "event=reload changed=server.allow_host,server.log_level\n" in log
    assert "session." not in log, "the flag and the variable stand above the file"
    assert (server.status("one.example"), server.status("two.example")) == (421, 200)
    plans = "[plans.free]\n[plans.basic]\n[plans.growth]\n[plans.alpha]\n"
    file.write_text(f'[server]\nport = 1\nallow_host = ["two.example"]\n{plans}')
    server.reload("needs_restart=server.port,plans\n")
    file.write_text("[server]\nprot = 1\n")
    server.reload("the nearest known is server.port")
    assert server.status("two.example") == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 128 + signal.SIGTERM
