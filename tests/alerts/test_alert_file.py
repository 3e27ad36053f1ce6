"""Files of alerts: what is right is taken, what is wrong is said in one line."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from alerts.hook_server import HookAnswer, HookServer
from zerodte.alerts.alert_file import shipped_tables
from zerodte.alerts.field_path import all_field_paths
from zerodte.alerts.shipped import SHIPPED_RULES
from zerodte.cli import main
from zerodte.wire.series import SeriesBar
from zerodte.wire.snapshot import SnapshotBlocks

DOCS = Path(__file__).parents[2] / "docs" / "alerts.md"
RUN = '[targets.run]\nkind = "command"\ncommand = ["true"]\n'
RULE = '[rules.a]\nfield = "series.spot"\n'


def checked(tmp_path: Path, text: str, *options: str) -> tuple[int, str]:
    """How `zerodte alerts check` ends, and what it says."""
    path = tmp_path / "alerts.toml"
    path.write_text(text)
    result = CliRunner().invoke(main, ["alerts", "check", str(path), *options])
    return result.exit_code, result.output


def test_the_docs_show_the_shipped_rules_and_a_file_that_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = DOCS.read_text()
    assert f"```toml\n{SHIPPED_RULES}```" in text
    monkeypatch.setenv("DESK_SECRET", "a-secret")
    topic = tmp_path / "ntfy-topic"
    topic.write_text("https://ntfy.example/topic-of-mine\n")
    topic.chmod(0o600)
    example = text.partition("```toml\n")[2].partition("```")[0]
    status, said = checked(tmp_path, example.replace("/etc/zerodte/ntfy-topic", str(topic)))
    assert status == 0, said
    assert "spx_gamma_low" in said
    assert "topic-of-mine" not in said
    assert "desk.example" not in said


@pytest.mark.parametrize("name", list(shipped_tables()))
def test_a_shipped_rule_is_used_by_its_name(tmp_path: Path, name: str) -> None:
    status, said = checked(tmp_path, f'use = ["{name}"]\n{RUN}')
    assert status == 0, said
    assert name in said


def test_every_plain_field_of_the_answers_can_be_watched() -> None:
    plain = {f"series.{field.encode_name}" for field in msgspec.structs.fields(SeriesBar)}
    assert plain <= all_field_paths().keys()
    blocks = {field.encode_name for field in msgspec.structs.fields(SnapshotBlocks)}
    watched = {path.split(".")[1] for path in all_field_paths() if path.startswith("snapshot.")}
    assert blocks - watched == {"gamma_profile", "strikes", "warnings"}  # lists
    result = CliRunner().invoke(main, ["alerts", "fields", "regime.label"])
    assert result.output == ("snapshot.regime.label  negative_gamma | positive_gamma | unknown\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "not a TOML file"),
        (RUN, "0 rules; write 1 to 200, with use or as [rules.NAME]"),
        (RULE + "above = 1", "0 targets; write 1 to 32, as [targets.NAME]"),
        ('uze = ["pin_lock"]\n' + RUN, "unknown key uze; the nearest known is use"),
        ('use = ["pin_lok"]\n' + RUN, "use: there is no rule pin_lok to use; known: pin_lock"),
        ('use = "pin_lock"\n' + RUN, 'use: it is "pin_lock"; write a list of names'),
        (
            'use = ["pin_lock"]\n[rules.pin_lock]\nfield = "series.spot"\nabove = 1\n' + RUN,
            "rules.pin_lock: use has that name too",
        ),
        (RULE + "abov = 1\n" + RUN, "unknown key rules.a.abov; the nearest known is above"),
        (RULE + RUN, "rules.a: one comparison makes a rule, and this has none; choose one of"),
        (RULE + "above = 1\nbelow = 2\n" + RUN, "and this has above and below"),
        (RULE + "above = true\n" + RUN, "rules.a.above: it is true; write a number, or the path"),
        (RULE + "above = nan\n" + RUN, "rules.a.above: write a finite number"),
        (RULE + 'above = "series.regime"\n' + RUN, "rules.a.above: series.regime is no number"),
        (
            RULE + 'above = "series.wall"\n' + RUN,
            "the nearest are series.put_wall, series.call_wall",
        ),
        (RULE + 'becomes = "x"\n' + RUN, "series.spot is a number; compare it by above, below"),
        (RULE + "moves = 1\n" + RUN, "rules.a.minutes: moves needs them; write 1 to 390"),
        (RULE + "moves = 0\nminutes = 1\n" + RUN, "rules.a.moves: write a number above 0"),
        (RULE + "above = 1\nminutes = 5\n" + RUN, "rules.a.minutes: above takes none"),
        (RULE + "above = 1\ncool_down = -1\n" + RUN, "cool_down: it is -1; write minutes"),
        (
            RULE + "above = 1\nhysteresis = -1\n" + RUN,
            "hysteresis: it is -1; write a number from 0",
        ),
        (RULE + "changes = false\n" + RUN, "rules.a.changes: write true"),
        (RULE + "above = 1\nhysteresis = inf\n" + RUN, "hysteresis: write a finite number"),
        (
            RULE + "unknown = true\nminutes = 1\nhysteresis = 1\n" + RUN,
            "hysteresis: unknown of a number has none; leave it out",
        ),
        (
            RULE + "moves = 1\nminutes = 1\nhysteresis_pct = 1\n" + RUN,
            "hysteresis_pct: moves has no level; leave it out",
        ),
        (
            '[rules.a]\nfield = "series.regime"\nchanges = true\nignore = ["x"]\n' + RUN,
            "ignore: 'x' is not one of negative_gamma, positive_gamma, unknown",
        ),
        ("rules = 1\n" + RUN, "rules holds tables by name; write [rules.NAME] and its keys below"),
        ("[rules]\na = 1\n" + RUN, "rules.a is a table; write [rules.a] and its keys below"),
        (RULE + 'above = 1\nfrom = "9:45"\n' + RUN, "'9:45' is no time of a session; write one"),
        (RULE + 'above = 1\nsymbols = ["A B"]\n' + RUN, "symbols: 'A B' is no symbol"),
        (RULE + 'above = 1\nignore = ["x"]\n' + RUN, "ignore: series.spot is a number"),
        ("[rules.a]\nabove = 1\n" + RUN, "rules.a.field: it is missing; write a path"),
        (
            '[rules.A]\nfield = "series.spot"\nabove = 1\n' + RUN,
            "rules.A: a name has small letters",
        ),
        (
            '[rules.a]\nfield = "snapshot.regim.label"\nchanges = true\n' + RUN,
            "field: there is no field snapshot.regim.label; the nearest are snapshot.regime.label",
        ),
        (
            '[rules.a]\nfield = "snapshot.regime"\nchanges = true\n' + RUN,
            "snapshot.regime has several fields; name one, such as snapshot.regime.label",
        ),
        (
            '[rules.a]\nfield = "series.regime"\nbecomes = "positive"\n' + RUN,
            "becomes: 'positive' is not one of negative_gamma, positive_gamma, unknown",
        ),
        (
            '[rules.a]\nfield = "series.regime"\nabove = 1\n' + RUN,
            "series.regime is a text; compare it by becomes, changes or unknown",
        ),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(tmp_path: Path, text: str, words: str) -> None:
    status, said = checked(tmp_path, text)
    assert status == 1
    assert words in said
    assert said.startswith(f"Error: {tmp_path}/alerts.toml: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("", "a.kind: it is missing; write one of webhook, slack, discord, ntfy, command"),
        ('kind = "mail"', 'kind: it is "mail"; write one of webhook'),
        ('kind = "webhook"', "url: write one of url, url_env and url_file"),
        ('kind = "webhook"\nurl = "ftp://secret-host/x"', "url: it is no URL; write one such as"),
        ('kind = "webhook"\nurl = "http://me:secret@host/x"', "without a user"),
        ('kind = "webhook"\nurl_env = "NO_SUCH"', "url_env: the variable NO_SUCH is not set"),
        ('kind = "slack"\nurl = "http://h/x"\nsecret_env = "A"', "of the kind slack has none"),
        ('kind = "webhook"\nurl = "http://h/x"\nsecret_env = "BAD"', "goes on in base64"),
        ('kind = "webhook"\nurl = "http://h/x"\nsecret_file = "OPEN"', "run chmod 600"),
        ('kind = "webhook"\nurl = "http://h/x"\nsecret_file = "NONE"', "No such file"),
        ('kind = "webhook"\nurl = "http://h/x"\nseconds = 0', "seconds: it is 0; write seconds"),
        ('kind = "webhook"\nurl = "http://h/x"\nrules = ["b"]', "there is no rule b; known: a"),
        ('kind = "command"', "command: write a list of texts, the program first"),
        ('kind = "command"\ncommand = "rm -rf"', "write a list of texts, the program first"),
        ('kind = "command"\ncommand = ["x"]\nurl = "http://h"', "of the kind command has none"),
    ],
)
def test_what_is_wrong_with_a_target_is_said_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, words: str
) -> None:
    monkeypatch.setenv("BAD", "whsec_secret!")
    others = tmp_path / "open"
    others.write_text("secret")
    others.chmod(0o644)
    target = target.replace("OPEN", str(others)).replace("NONE", str(tmp_path / "none"))
    status, said = checked(tmp_path, f"{RULE}above = 1\n[targets.a]\n{target}\n")
    assert status == 1
    assert words in said
    assert said.count("\n") == 1
    if "_file" not in target:
        assert "secret-host" not in said
        assert ":secret" not in said
        assert "whsec_secret" not in said


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["alerts", "check", str(tmp_path / "none.toml")])
    assert (result.exit_code, result.output) == (
        1,
        f"Error: {tmp_path}/none.toml: No such file or directory\n",
    )
    status, said = checked(tmp_path, f"# {'x' * 2**20}")
    assert (status, "larger than a megabyte; this is no file of alerts" in said) == (1, True)


def test_a_boolean_is_waited_for(tmp_path: Path) -> None:
    rule = '[rules.a]\nfield = "snapshot.dealer_inventory.agrees"\nbecomes = '
    status, said = checked(tmp_path, rule + "false\n" + RUN)
    assert (status, "becomes false" in said) == (0, True)
    status, said = checked(tmp_path, rule + '"false"\n' + RUN)
    assert (status, 'becomes: it is "false"; write true or false' in said) == (1, True)


def test_a_target_can_be_tried(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    with HookServer(lambda number: HookAnswer(200 if number < 2 else 404)) as desk:
        path.write_text(
            f'use = ["pin_lock"]\n[targets.desk]\nkind = "webhook"\nurl = "{desk.url}"\n{RUN}'
        )
        result = CliRunner().invoke(main, ["alerts", "test", str(path)])
        assert result.exit_code == 0, result.output
        first, second = result.output.splitlines()
        assert first.startswith("desk: took it: 200 OK (")
        assert second.startswith("run: took it: it ended with 0 (")
        request = desk.wait_for(1)[0]
        assert request.event["test"] is True
        assert request.event["message"].startswith("[test] TEST test at ")

        result = CliRunner().invoke(main, ["alerts", "test", str(path), "--target", "desk"])
        assert (result.exit_code, len(result.output.splitlines())) == (0, 1)
        result = CliRunner().invoke(main, ["alerts", "test", str(path), "--target", "desk"])
        assert result.exit_code == 1
        assert "desk: did not take it: it answered 404 Not Found" in result.output
        result = CliRunner().invoke(main, ["alerts", "test", str(path), "--target", "phone"])
        assert (
            result.exit_code,
            "there is no target 'phone'; known: desk, run" in result.output,
        ) == (
            2,
            True,
        )
