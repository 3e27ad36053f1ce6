"""What each kind of target is sent: body and headers, from the JSON of an event."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from zerodte.alerts.event import AlertEvent
from zerodte.alerts.secret import Secret, signing_key
from zerodte.alerts.target import AlertTarget, TargetKind

#: What Slack reads as its own markup.
_SLACK_ESCAPES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_JSON: Final = {"Content-Type": "application/json"}
#: Discord refuses longer texts.
_DISCORD_LENGTH: Final = 2_000


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A request's body and its own headers."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def alert_message(target: AlertTarget, event: bytes, now: int) -> AlertMessage:
    """What a target is sent of an event.

    Args:
        target: The target.
        event: The event's JSON.
        now: The wall clock in unix seconds, which a signature holds.
    """
    read = msgspec.json.decode(event, type=AlertEvent)
    made = _KINDS[target.kind](event, read)
    headers = {**made.headers, "Idempotency-Key": read.id}
    if target.kind == "webhook":
        headers |= {"webhook-id": read.id, "webhook-timestamp": str(now)}
    if target.secret is not None:
        headers["webhook-signature"] = signature(target.secret, read.id, now, made.body)
    if target.token is not None:
        headers["Authorization"] = f"Bearer {target.token.reveal()}"
    return AlertMessage(made.body, headers)


def signature(secret: Secret, key: str, now: int, body: bytes) -> str:
    """HMAC-SHA256 over key, time and body, as the specification Standard Webhooks writes it.

    Args:
        secret: Base64 after `whsec_`, or else any text.
        key: The event's key.
        now: Unix seconds.
        body: The request's body.
    """
    content = b".".join((key.encode(), str(now).encode(), body))
    digest = hmac.new(signing_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _webhook(event: bytes, _: AlertEvent) -> AlertMessage:
    return AlertMessage(event, _JSON)


def _slack(_: bytes, event: AlertEvent) -> AlertMessage:
    text = event.message
    for char, escaped in _SLACK_ESCAPES:
        text = text.replace(char, escaped)
    return AlertMessage(msgspec.json.encode({"text": text}), _JSON)


def _discord(_: bytes, event: AlertEvent) -> AlertMessage:
    body = {"content": event.message[:_DISCORD_LENGTH], "allowed_mentions": {"parse": []}}
    return AlertMessage(msgspec.json.encode(body), _JSON)


def _ntfy(_: bytes, event: AlertEvent) -> AlertMessage:
    title = f"{event.symbol} {event.rule.replace('_', ' ')}"
    headers = {"Content-Type": "text/plain; charset=utf-8", "Title": title}
    return AlertMessage(event.message.encode(), headers)


_KINDS: Final[Mapping[TargetKind, Callable[[bytes, AlertEvent], AlertMessage]]] = {
    "webhook": _webhook,
    "slack": _slack,
    "discord": _discord,
    "ntfy": _ntfy,
    "command": _webhook,
}
