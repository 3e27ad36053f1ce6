"""A server that is killed again and again while a feed goes on, each a process of its own.

The long form of what the tests do, in `tests` with the sources on PYTHONPATH:

    python -m runtime.killing TAPE SYMBOL --kills 20 --speed 60 [--no-resume]
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import zerodte
from runtime.feeds_on_ports import eventually, recording
from zerodte.clock import new_york_clock
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.market.calendar import TradingSession
from zerodte.records.tick import Tick
from zerodte.runtime.replay import begin
from zerodte.server.app import create_app
from zerodte.server.run import Listener, Server
from zerodte.server.settings import ServerSettings
from zerodte.tape.checksums import MANIFEST
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.snapshot import SnapshotQuery

SECOND = 10**9
#: A day in about a second.
FAST = 1e5
_PATIENCE = 300.0
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
_SOURCES = str(Path(zerodte.__file__).parents[1])

#: Moments to kill at are not a secret.
CHANCE: Final = random.Random()  # noqa: S311

#: What a poll saw: the time of an answer, and the answer.
Seen = dict[str, bytes]


@contextlib.contextmanager
def command(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command, and where it says that it listens; killed at the end."""
    code = "from zerodte.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        env=os.environ | {"PYTHONPATH": _SOURCES},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = (_ADDRESS.search(line) for line in process.stdout)
            yield process, next(found[0] for found in said if found)
        finally:
            process.send_signal(signal.SIGKILL)


@contextlib.contextmanager
def feed(tape: Path, speed: float, *, is_resumable: bool = True) -> Iterator[str]:
    """A feed process; where it listens."""
    how = [] if is_resumable else ["--no-resume"]
    with command("feed", str(tape), "--speed", str(speed), "--port", "0", *how) as (_, at):
        yield at


@contextlib.contextmanager
def live(at: str, root: Path) -> Iterator[str]:
    """A server of the feed `at`; host and port."""
    with command("live", at, "--record", str(root), "--port", "0") as (_, address):
        yield address


def get(address: str, path: str) -> tuple[int, bytes]:
    """One answer; status 0 where there is none."""
    connection = http.client.HTTPConnection(address, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def poll(address: str, symbol: str, *, seconds: float = 0.0, times: int = 0) -> Seen:
    """Snapshots for so long, and of so many different times."""
    seen: Seen = {}
    began = time.monotonic()
    while (spent := time.monotonic() - began) < seconds or len(seen) < times:
        assert spent < seconds + _PATIENCE, "nothing new is answered"
        status, body = get(address, f"/v1/flow/zero-dte/snapshot/{symbol}")
        if status == 200:
            seen[json.loads(body)["as_of"]] = body
        time.sleep(0.01)
    return seen


def answers(at: str, root: Path, hours: TradingSession) -> dict[str, bytes]:
    """Serve a feed to its close, here, and ask all that there is to ask of every symbol."""
    host, port = at.split(":")
    listener = Listener("127.0.0.1", 0)
    address = listener.url.removeprefix("http://")
    with recording(TcpFeed(host, int(port)), root) as market:
        app = create_app(market.service, ServerSettings(listener.url))
        server = Server(app, listener, app.stop, app.count_abort)
        running = threading.Thread(target=server.run)
        running.start()
        eventually(lambda: market.runner.is_over, seconds=_PATIENCE)
        contract = json.loads(get(address, "/openapi.json")[1])
        symbols = market.service.status().symbols
        found = {path: get(address, path)[1] for path in questions(contract, symbols, hours)}
        server.stop()
        running.join(_PATIENCE)
    return found


def recorded(root: Path) -> Tape:
    """The one recording in a folder."""
    (folder,) = root.iterdir()
    return open_tape(folder)


def questions(
    contract: dict[str, Any], names: Iterable[str], hours: TradingSession
) -> Iterator[str]:
    """Every JSON endpoint of a symbol; where it can look back, also some instants of the day."""
    instants = (hours.open + 60 * SECOND, hours.open + 120 * SECOND, hours.close - 3600 * SECOND)
    for path, methods in contract["paths"].items():
        asked = methods["get"]
        if "{symbol}" not in path or "application/json" not in asked["responses"]["200"]["content"]:
            continue
        known = {parameter["name"] for parameter in asked["parameters"]}
        for name in names:
            there = path.replace("{symbol}", name)
            yield there
            for instant in instants if "at" in known else ():
                yield f"{there}?at={new_york_clock(instant):%Y-%m-%dT%H:%M:%S}"


def last_commit(root: Path) -> int:
    """End of the last tick that was recorded."""
    try:
        (folder,) = root.iterdir()
        lines = (folder / "ticks").read_bytes().split(b"\n")
    except (ValueError, OSError):
        return 0
    return int(json.loads(lines[-2])["end"]) if len(lines) > 1 else 0


def content(root: Path) -> dict[str, bytes]:
    """Every file of the one recording in a folder, except for what only a stop leaves."""
    (folder,) = root.iterdir()
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}


def unlike(seen: Seen, tape: Tape, symbol: str) -> list[str]:
    """The times at which something else was answered than a replay of the tape says."""
    wrong = []
    session = begin(tape)
    ticks = tape.ticks()
    tick = next(ticks, None)
    for as_of in sorted(seen):
        at = round(datetime.datetime.fromisoformat(as_of).timestamp()) * SECOND
        while tick is not None and tick.end <= at:
            session.apply(tick)
            tick = next(ticks, None)
        if snapshot(session, "live", SnapshotQuery(symbol=symbol)) != seen[as_of]:
            wrong.append(as_of)
    return wrong


def gaps(tape: Tape) -> list[tuple[int, int, str]]:
    """(end of the first tick, end of the last, reason) of each run of ticks that are gaps."""
    runs: list[tuple[int, int, str]] = []
    for tick in tape.ticks():
        if runs and runs[-1][1:] == (tick.end - SECOND, tick.gap):
            runs[-1] = (runs[-1][0], tick.end, tick.gap)
        elif tick.gap:
            runs.append((tick.end, tick.end, tick.gap))
    return runs


def misheard(tape: Tape, sent: Tape, until: int) -> list[int]:
    """Ticks of a recording that hold anything of a gap, or not all of what was sent else."""
    there = {tick.end: market(tick) for tick in sent.ticks()}
    return [
        tick.end
        for tick in tape.ticks()
        if tick.end <= until and market(tick) != ({} if tick.gap else there.get(tick.end, {}))
    ]


def market(tick: Tick) -> dict[tuple[str, str], bytes]:
    """The records of quotes and trades, by dataset and schema."""
    found: dict[tuple[str, str], bytes] = {}
    for batch in (*tick.underlying, *tick.quotes, *tick.trades):
        key = batch.dataset, batch.schema
        found[key] = found.get(key, b"") + batch.records.tobytes()
    return found


def study_gaps(folder: Path, symbol: str, kills: int, speed: float) -> None:
    """A session at `speed` from a feed that does not go on, the server killed again and again."""
    tape = open_tape(folder)
    seconds = (tape.session.close - tape.session.open) / SECOND / speed
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        seen: Seen = {}
        downs = []
        with feed(folder, speed, is_resumable=False) as at:
            for _ in range(kills):
                with live(at, root) as address:
                    wait = CHANCE.uniform(0.0, seconds / kills)
                    seen |= poll(address, symbol, seconds=wait, times=1)
                downs.append(last_commit(root))
            with live(at, root) as address:
                seen |= poll(address, symbol, times=3)
        mine = recorded(root)
        found = gaps(mine)
        wrong = misheard(mine, tape, tape.session.close)
        print(
            f"{len(found)} gaps: {[(f'{(b - a) / SECOND + 1:.0f} s', why) for a, b, why in found]}"
        )
        starts = {start - SECOND for start, _, why in found if why == "the server was down"}
        print(f"each begins at the last commit before a kill: {starts <= set(downs)}")
        print(f"ticks that differ from what was sent outside of the gaps: {len(wrong)}")
        print(f"{len(seen)} answers seen, {len(unlike(seen, mine, symbol))} not those of a replay")


def study(folder: Path, symbol: str, kills: int, speed: float) -> None:
    """A whole session at `speed`, the server killed at so many random moments of it."""
    tape = open_tape(folder)
    seconds = (tape.session.close - tape.session.open) / SECOND / speed
    moments = sorted(CHANCE.uniform(0.0, seconds) for _ in range(kills))
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = Path(scratch, "whole"), Path(scratch, "killed")
        began = time.monotonic()
        seen: Seen = {}
        with feed(folder, speed) as at:
            for moment in moments:
                with live(at, killed) as address:
                    left = max(moment - (time.monotonic() - began), 0.0)
                    seen |= poll(address, symbol, seconds=left)
                print(f"killed after {moment:.1f} s at {last_commit(killed)}", flush=True)
            there = answers(at, killed, tape.session)
        with feed(folder, FAST) as at:
            here = answers(at, whole, tape.session)
        same = content(whole) == content(killed)
        wrong = unlike(seen, recorded(whole), symbol)
        different = [path for path in here if here[path] != there[path]]
        print(f"recordings are {'the same' if same else 'NOT the same'}, byte by byte")
        print(f"{len(seen)} answers seen between the kills, {len(wrong)} not those of a replay")
        print(f"{len(here)} answers at the end, different: {different or 'none'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("tape", type=Path)
    parser.add_argument("symbol")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--no-resume", action="store_true")
    asked = parser.parse_args()
    chosen = study_gaps if asked.no_resume else study
    chosen(asked.tape, asked.symbol, asked.kills, asked.speed)
