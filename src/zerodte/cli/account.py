"""The account of a replay, printed to a terminal."""

from collections.abc import Sequence

from rich.table import Table

from zerodte.cli.grid import OutputConsole
from zerodte.clock import new_york_clock
from zerodte.engine.aggressor import SideRule
from zerodte.runtime.replay_account import ReplayAccount, rule_lines, seconds, top_strikes
from zerodte.session.market_state import MarketState
from zerodte.session.sample import Gap
from zerodte.wire.text import dollars

_STRIKES = 10
_GAPS = 10


def print_account(market: MarketState, account: ReplayAccount, gaps: Sequence[Gap]) -> None:
    """Print records by kind, volume by side and rule, flow by hour, top strikes, gaps."""
    console = OutputConsole()
    counts = ", ".join(f"{count:,} {kind}" for kind, count in account.records.items())
    console.print(f"\nThe tape so far: {counts or 'no records'}")
    if account.records["trades"]:
        console.print(_by_side(market))
        for table in (_by_rule(market), _by_hour(account), _by_strike(market, account)):
            console.print(table)
    for gap in gaps[:_GAPS]:
        begin, end = new_york_clock(gap.start), new_york_clock(gap.end)
        console.print(
            f"gap: {begin:%H:%M:%S} to {end:%H:%M:%S} New York, {seconds(gap):.0f} s: {gap.reason}"
        )
    if len(gaps) > _GAPS:
        console.print(f"and {len(gaps) - _GAPS} more gaps")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    return table


def _by_side(market: MarketState) -> str:
    flow = market.flow
    bought, sold, unsigned = (int(side.sum()) for side in (flow.bought, flow.sold, flow.unsigned))
    return f"contracts: {bought:,} bought, {sold:,} sold, {unsigned:,} without a side"


def _by_rule(market: MarketState) -> Table:
    table = _table("decided by", "records", "contracts")
    for line in rule_lines(market):
        table.add_row(
            SideRule(line.rule).name.lower().replace("_", " "),
            f"{line.records:,}",
            f"{line.contracts:,}",
        )
    return table


def _by_hour(account: ReplayAccount) -> Table:
    table = _table("hedge flow from", "calls", "puts")
    for hour, flow in sorted(account.flow.items()):
        table.add_row(f"{hour:02d}:00", dollars(flow.calls), dollars(flow.puts))
    return table


def _by_strike(market: MarketState, account: ReplayAccount) -> Table:
    table = _table("busiest today", "strike", "bought", "sold", "no side")
    for line in top_strikes(market, account.hours, _STRIKES):
        sides = (f"{side:,}" for side in (line.bought, line.sold, line.unsigned))
        table.add_row(line.symbol, f"{line.strike:,g}", *sides)
    return table
