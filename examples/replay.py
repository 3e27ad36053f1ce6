"""Replay a tape in Python: `python examples/replay.py TAPE SYMBOL [UNTIL]`.

TAPE is a folder that `zerodte simulate`, `import` or `live` wrote. docs/python.md
describes the API.
"""

import sys

from zerodte import open_tape, replay, samples
from zerodte.python_api import MarketDay, Snapshot

MILLION = 1e6


def key_levels(day: MarketDay, symbol: str) -> str:
    """Spot, gamma flip and walls in one line."""
    snapshot = day.snapshot(symbol).data
    if not isinstance(snapshot, Snapshot):
        return snapshot.message
    levels = snapshot.levels
    return (
        f"spot {snapshot.underlying_price}, flip {snapshot.regime.gamma_flip}, "
        f"call wall {levels.call_wall}, put wall {levels.put_wall}"
    )


def regime_changes(folder: str, symbol: str, until: str | None) -> list[str]:
    """The times at which the gamma regime changed, from one pass through the tape."""
    changes = []
    previous = None
    for day in samples(open_tape(folder), until):
        bar = day.series(symbol, minutes=1).data.bars[-1]
        if bar.regime != previous:
            changes.append(f"{bar.t:%H:%M:%S} UTC: {bar.regime}")
            previous = bar.regime
    return changes


def main() -> None:
    """Print the levels, the flow of the last bars, and the regimes."""
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python examples/replay.py TAPE SYMBOL [UNTIL]")
    folder, symbol = sys.argv[1:3]
    until = sys.argv[3] if len(sys.argv) == 4 else None
    day = replay(open_tape(folder), until=until)
    print(f"{symbol} at {day.now:%H:%M:%S} UTC: {key_levels(day, symbol)}")
    for bar in day.hedge_flow(symbol, bar="5m", minutes=15).data.bars:
        flow = "unknown" if bar.bar is None else f"{bar.bar / MILLION:+.2f} million dollars"
        print(f"{bar.t:%H:%M:%S} UTC: hedge flow {flow}")
    print("\n".join(regime_changes(folder, symbol, until)))


if __name__ == "__main__":
    main()
