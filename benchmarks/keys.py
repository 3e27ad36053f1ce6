"""Answers of limited plans, counted on a NATS server and in a key file, at servers side by side.

    python -m benchmarks.keys      answers a second over HTTP, and how long one is counted

Each server is a process of its own with 64 answers under way, all of one key: none is sent before
it is committed. The broker is a process of this machine, which the servers share with it. They take
turns with a file, and each figure is the best turn, because others may use the machine too.
"""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.access import PLANS
from benchmarks.broker import broker
from benchmarks.harness import Row
from benchmarks.load import SNAPSHOT, answer_rate, server
from zerodte.access.key_place import KeyPlace, open_keys
from zerodte.access.keyring import Keyring
from zerodte.cli.options import is_stream

_PLAN: Final = "growth"
_LIMIT: Final = PLANS[_PLAN].daily_limit or 0
_UNDER_WAY: Final = 64
_SECONDS: Final = 2.0
_TURNS: Final = 4


def rows() -> list[Row]:
    """Microseconds an answer of all servers together, on NATS and in a file of the same machine."""
    return [
        _row("limited answer on NATS, one server", 1, "2m"),
        _row("limited answer on NATS, 4 servers", 4, "2m"),
        _row("the same of one, sync_interval: always", 1, "always"),
    ]


def _row(name: str, count: int, sync: str) -> Row:
    with tempfile.TemporaryDirectory() as folder, broker(Path(folder), sync) as (url, _):
        turns = [
            (sum(_rates(url, count)), sum(_rates(Path(folder) / "keys.db", count)))
            for _ in range(_TURNS)
        ]
    nats, file = (max(rates) for rates in zip(*turns, strict=True))
    return Row(name, 1e6 / nats, "key file", 1e6 / file)


def main() -> None:
    """Print answers a second over HTTP, with a server on a core of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, _ = stack.enter_context(broker(folder))
        places: list[KeyPlace] = [folder / "keys.db", url]
        keys = [_create(place)[0] for place in places]
        servers = [
            stack.enter_context(server("serve", place, module="benchmarks.access"))
            for place in places
        ]
        assert all(started.size("/health") for started in servers)
        turns = [
            [
                answer_rate(started, SNAPSHOT, key)
                for started, key in zip(servers, keys, strict=True)
            ]
            for _ in range(_TURNS)
        ]
    file, nats = (max(rates) for rates in zip(*turns, strict=True))
    print(f"answers a second over HTTP: {nats:,.0f} with NATS, {file:,.0f} with a key file")
    for row in rows():
        print(f"{row.name}: {row.ours_us:.1f} us, {row.peer} {row.peer_us:.1f} us")


def node(place: KeyPlace, key: str, seconds: float) -> None:
    """Count answers for so long, and print how many a second, and how many were refused."""
    keyring = Keyring(place)
    due, done, refused = time.monotonic() + seconds, 0, 0

    def again(charge: "Future[int | None]") -> None:
        nonlocal done, refused
        # A file that many write to may be locked for too long.
        if charge.exception() is None:
            done += 1
        else:
            refused += 1
        if time.monotonic() < due:
            keyring.charge(key, _LIMIT).add_done_callback(again)

    for _ in range(_UNDER_WAY):
        keyring.charge(key, _LIMIT).add_done_callback(again)
    time.sleep(max(due - time.monotonic(), 0.0))
    keyring.close()
    print(done / seconds, refused)


def _rates(place: KeyPlace, count: int) -> list[float]:
    """Answers a second of so many servers that count the same key."""
    _, key = _create(place)
    command = [sys.executable, "-m", "benchmarks.keys", "node", str(place), key, str(_SECONDS)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(count)
    ]
    found = [process.communicate()[0].split() for process in running]
    if refused := sum(int(words[1]) for words in found):
        print(f"{refused:,} answers refused: {place} was locked for too long", file=sys.stderr)
    return [float(words[0]) for words in found]


def _create(place: KeyPlace) -> tuple[str, str]:
    """A key of the limited plan: its text and its id."""
    with open_keys(place, create=True) as store:
        record, key = store.create(_PLAN)
    return key, record.id


if __name__ == "__main__":
    if sys.argv[1:2] == ["node"]:
        where = sys.argv[2]
        node(where if is_stream(where) else Path(where), sys.argv[3], float(sys.argv[4]))
    else:
        main()
