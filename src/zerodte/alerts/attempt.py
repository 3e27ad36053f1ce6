"""One attempt to give a target an event, and what came of it."""

import email.utils
import http.client
import os
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import zerodte
from zerodte.alerts.message import AlertMessage, alert_message
from zerodte.alerts.target import AlertTarget
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS
from zerodte.feeds.http_client import http_opener

Result: TypeAlias = Literal["taken", "refused", "retry"]

#: Answers after which it is worth asking again, besides those from 500 on.
_BUSY: Final = (
    http.client.REQUEST_TIMEOUT,
    http.client.TOO_EARLY,
    http.client.TOO_MANY_REQUESTS,
)
#: The longest wait that a target may ask for, seconds.
_LONGEST_ASKED: Final = 3600.0
#: What a command learns of this process's environment, which may hold secrets.
_PASSED: Final = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        result: taken, refused for good, or to be tried again.
        text: What happened, without a URL or a secret.
        wait: Seconds that the target asks to wait; 0 if it does not say.
    """

    result: Result
    text: str
    wait: float = 0.0


def attempt(target: AlertTarget, event: bytes) -> Outcome:
    """Give a target an event once.

    Args:
        target: The target.
        event: The event's JSON.
    """
    message = alert_message(target, event, int(time.time()))
    if target.url is None:
        return _run(target, message)
    return _post(target, target.url.reveal(), message)


def _post(target: AlertTarget, url: str, message: AlertMessage) -> Outcome:
    headers = {"User-Agent": f"zerodte/{zerodte.__version__}", **message.headers}
    # The URL was checked, and the opener has handlers of http and https only.
    request = urllib.request.Request(url, message.body, headers, method="POST")  # noqa: S310
    try:
        opener = http_opener(is_loopback=urlsplit(url).hostname in LOOPBACK_HOSTS, follows=False)
        with opener.open(request, timeout=target.seconds) as answer:
            return Outcome("taken", f"{answer.status} {answer.reason}".rstrip())
    except urllib.error.HTTPError as error:
        with error:
            return _refusal(error)
    except urllib.error.URLError as error:
        return Outcome("retry", f"it cannot be reached: {_reason(error.reason)}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome("retry", f"the connection broke: {_reason(error)}")


def _reason(reason: object) -> str:
    """What is wrong, in words that hold no URL."""
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate: {reason.verify_message}"
    if isinstance(reason, ssl.SSLError):
        return str(reason.reason)
    return getattr(reason, "strerror", None) or type(reason).__name__


def _refusal(error: urllib.error.HTTPError) -> Outcome:
    # The reason phrase is the target's own text, and may repeat what it was sent.
    text = f"it answered {error.code} {http.client.responses.get(error.code, '')}".rstrip()
    if 300 <= error.code < 400:
        return Outcome("refused", f"{text}; redirects are not followed")
    if error.code in _BUSY or error.code >= http.client.INTERNAL_SERVER_ERROR:
        return Outcome("retry", text, _asked(error.headers))
    return Outcome("refused", text)


def _asked(headers: Message) -> float:
    """The wait of `Retry-After`, which holds seconds or a date (RFC 9110, section 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return min(float(text), _LONGEST_ASKED)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return min(max(date.timestamp() - time.time(), 0.0), _LONGEST_ASKED)


def _run(target: AlertTarget, message: AlertMessage) -> Outcome:
    """Run a command with the event on its standard input; whatever it started ends with it."""
    environ = {name: os.environ[name] for name in _PASSED if name in os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603  the operator's own command, without a shell
            target.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environ,
            start_new_session=True,
        )
    except OSError as error:
        return Outcome("retry", f"it cannot be started: {error.strerror}")
    try:
        process.communicate(message.body + b"\n", timeout=target.seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        return Outcome("retry", f"it did not end within {target.seconds:g} seconds")
    if process.returncode == 0:
        return Outcome("taken", "it ended with 0")
    if process.returncode in (os.EX_TEMPFAIL, -signal.SIGTERM, -signal.SIGKILL):
        return Outcome("retry", f"it ended with {process.returncode}")
    return Outcome("refused", f"it ended with {process.returncode}")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()
