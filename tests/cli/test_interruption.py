"""A signal ends a command wherever it comes, also where Python drops exceptions."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from zerodte.cli.interruption import ended_by_signals
from zerodte.cli.options import Finite

ALERTS: Final = """
use = ["pin_lock"]

[targets.desk]
kind = "webhook"
url = "https://desk.example/hooks/zerodte"
"""


class _Hit:
    """Sends this process a signal as it is destroyed."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __del__(self) -> None:
        signal.raise_signal(self._number)


def _own_code() -> None:
    Finite(0.0).convert("1", None, None)


def _other_code() -> None:
    time.sleep(0.001)


def _until_ended(work: Callable[[], None], number: int) -> None:
    with ended_by_signals():
        _Hit(number)
        deadline = time.monotonic() + 30.0
        while time.monotonic() < deadline:
            work()


@pytest.mark.drill
@pytest.mark.parametrize("work", [_own_code, _other_code])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["term", "hup"])
def test_a_signal_in_a_destructor_is_not_lost(work: Callable[[], None], number: int) -> None:
    with pytest.raises(SystemExit) as ended:
        _until_ended(work, number)
    assert ended.value.code == 128 + number


def _wait_after_a_lost_alarm() -> None:
    with ended_by_signals():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        try:
            signal.raise_signal(signal.SIGTERM)
            assert signal.sigwait({signal.SIGALRM}) == signal.SIGALRM
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        threading.Event().wait(30.0)


def test_an_alarm_that_woke_nobody_is_followed_by_others() -> None:
    """As when it comes between Python's look at its signals and the wait for a lock."""
    with pytest.raises(SystemExit) as ended:
        _wait_after_a_lost_alarm()
    assert ended.value.code == 128 + signal.SIGTERM


def test_ctrl_c_is_a_keyboard_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        _until_ended(_other_code, signal.SIGINT)


def _failing_code() -> None:
    """A library that answers an interruption with an error of its own."""
    try:
        time.sleep(0.001)
    except BaseException as error:
        raise RuntimeError("half loaded") from error


def test_an_error_that_a_signal_led_to_is_that_signal() -> None:
    with pytest.raises(SystemExit) as ended:
        _until_ended(_failing_code, signal.SIGTERM)
    assert ended.value.code == 128 + signal.SIGTERM
    with pytest.raises(RuntimeError), ended_by_signals():
        raise RuntimeError("no signal came")


@pytest.mark.parametrize("command", ["fields", "check"])
def test_whoever_has_read_enough_gets_no_error(tmp_path: Path, command: str) -> None:
    """`zerodte alerts fields | head -1`, whose reader closes the pipe before all is written."""
    alerts = tmp_path / "alerts.toml"
    alerts.write_text(ALERTS)
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "zerodte", "alerts", command]
    words += [str(alerts)] if command == "check" else []
    ended = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, b"")


def test_what_comes_too_late_is_forgotten() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ended_by_signals():
        _Hit(signal.SIGTERM)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGTERM) is before
    threading.Event().wait(0.05)
