"""What each kind of target is sent, and what it says by its answer."""

import base64
import datetime
import hashlib
import hmac
import json
import sys
import time
from pathlib import Path

import pytest
from msgspec import structs

from alerts.hook_server import HookServer
from alerts.watched import SYMBOLS, hook, until, watched
from zerodte.alerts.event import alert_event
from zerodte.alerts.message import alert_message, signature
from zerodte.alerts.secret import Secret
from zerodte.alerts.target import AlertTarget
from zerodte.tape.folder import Tape

SECRET = {"secret_env": "DESK_SECRET"}


def test_a_signature_is_that_of_the_published_example() -> None:
    # The example of the specification Standard Webhooks and its libraries.
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_request_can_be_verified(
    short_day: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_SECRET", "a-plain-secret")
    with (
        HookServer() as desk,
        watched(short_day, tmp_path / "s.db", {"desk": hook(desk, **SECRET)}),
    ):
        request = desk.wait_for(1)[0]
    sent = request.headers
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + request.body
    digest = hmac.digest(b"a-plain-secret", signed, hashlib.sha256)
    assert sent["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert abs(int(sent["webhook-timestamp"]) - time.time()) < 120
    assert sent["webhook-id"] == sent["idempotency-key"] == request.event["id"]


def test_each_service_is_sent_its_own_body(
    short_day: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTFY_TOKEN", "tk_secret")
    rules = {"last": {"field": "series.spot", "above": 0, "symbols": ["SPY"]}}
    with HookServer() as slack, HookServer() as discord, HookServer() as ntfy:
        targets = {
            "slack": {"kind": "slack", "url": slack.url},
            "discord": {"kind": "discord", "url": discord.url},
            "ntfy": {"kind": "ntfy", "url": ntfy.url, "token_env": "NTFY_TOKEN"},
        }
        with watched(short_day, tmp_path / "state.db", targets, rules):
            said = {kind.url: kind.wait_for(1)[0] for kind in (slack, discord, ntfy)}
        text = said[ntfy.url].body.decode()
        assert text.startswith("[simulated] SPY last at 09:30:30 New York: spot is ")
        assert said[slack.url].event == {"text": text}
        assert said[discord.url].event == {"content": text, "allowed_mentions": {"parse": []}}
        assert said[ntfy.url].headers["title"] == "SPY last"
        assert said[ntfy.url].headers["authorization"] == "Bearer tk_secret"


@pytest.mark.parametrize(
    ("text", "slack", "discord"),
    [
        ("a & b", "a &amp; b", "a & b"),
        ("<!channel> @everyone", "&lt;!channel&gt; @everyone", "<!channel> @everyone"),
        ("x" * 3000, "x" * 3000, "x" * 2000),
    ],
)
def test_a_text_mentions_nobody_and_fits(text: str, slack: str, discord: str) -> None:
    event = alert_event(
        rule="note",
        symbol="SPX",
        at=1_748_871_300_000_000_000,
        session=datetime.date(2025, 6, 2),
        source="live",
        field="snapshot.headline.narrative",
        comparison="changes",
        value=text,
    )
    body = structs.replace(event, message=text).encode()
    secret = Secret("http://127.0.0.1/x")
    to_slack = alert_message(AlertTarget("a", "slack", secret), body, 0).body
    to_discord = alert_message(AlertTarget("b", "discord", secret), body, 0).body
    assert json.loads(to_slack) == {"text": slack}
    assert json.loads(to_discord) == {"content": discord, "allowed_mentions": {"parse": []}}


@pytest.mark.drill
def test_a_command_gets_the_event_and_no_secret(
    short_day: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABENTO_API_KEY", "db-secret")
    out = tmp_path / "out.jsonl"
    code = (
        "import json, os, sys; "
        f"open({str(out)!r}, 'a').write(sys.stdin.read() + json.dumps(sorted(os.environ)) + '\\n')"
    )
    rules = {"first": {"field": "series.spot", "above": 0}}
    target = {"kind": "command", "command": [sys.executable, "-c", code], "seconds": 60}
    with watched(short_day, tmp_path / "s.db", {"run": target}, rules) as (alerts, _):
        until(lambda: alerts.stats().sent["run"] == len(SYMBOLS))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["symbol"] for line in lines[::2]] == sorted(SYMBOLS)
    for names in lines[1::2]:
        assert "PATH" in names
        assert "DATABENTO_API_KEY" not in names


@pytest.mark.drill
@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("exit 0", (2, 0, 0)),
        ("exit 3", (0, 2, 2)),
        ('test -e "$0" || { touch "$0"; exit 75; }', (2, 1, 0)),
        # The first attempt, and what it started, hang longer than they may.
        ('test -e "$0" || { touch "$0"; sleep 600 & sleep 600; }', (2, 1, 0)),
    ],
)
def test_how_a_command_ends_says_whether_it_took_the_event(
    short_day: Tape, tmp_path: Path, code: str, counts: tuple[int, int, int]
) -> None:
    rules = {"first": {"field": "series.spot", "above": 0}}
    command = ["/bin/sh", "-c", code, str(tmp_path / "mark")]
    target = {"kind": "command", "command": command, "seconds": 2}
    with watched(short_day, tmp_path / "s.db", {"run": target}, rules) as (alerts, _):
        until(lambda: alerts.stats().sent["run"] + alerts.stats().dropped["run"] == len(SYMBOLS))
        stats = alerts.stats()
    assert (stats.sent["run"], stats.failed["run"], stats.dropped["run"]) == counts
