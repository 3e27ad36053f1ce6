"""`zerodte evaluate`: scores estimates against the truth of simulated tapes, as tables."""

import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
from rich.table import Table as Grid

from zerodte.cli.grid import UNKNOWN_CELL, WIDE, OutputConsole, empty_grid
from zerodte.cli.progress import ReplayProgress
from zerodte.evaluate.figure import figure
from zerodte.evaluate.gamma import CONVENTIONS, DAY, INVENTORY
from zerodte.evaluate.hedging import STEPS
from zerodte.evaluate.observations import ALL
from zerodte.evaluate.replay_observer import ReplayObserver
from zerodte.evaluate.report import Comparison, Report, TapeScore, report, score
from zerodte.evaluate.statistic import LEVEL, Interval
from zerodte.evaluate.tables import TABLES, Column, Table
from zerodte.evaluate.truth import EvaluateError, read_truth
from zerodte.records.tick import Tick
from zerodte.runtime.replay import replay
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape

_ONE_SEED = "one seed, so there are no intervals"
#: Intervals narrower than this are not shown.
_TINY = 1e-9


@click.command("evaluate")
@click.argument("tapes", metavar="DIR...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option(
    "--figure",
    "out",
    type=click.Path(path_type=Path),
    help="Also draw the scores into this new HTML file.",
)
def evaluate_command(tapes: tuple[Path, ...], as_json: bool, out: Path | None) -> None:
    """Score estimates against the truth of simulated tapes; each DIR is a tape of another seed."""
    if out is not None:
        _check_new(out)
    for folder in tapes[1:]:
        read_truth(open_tape(folder))  # Report an error in any tape before replaying the first.
    scored = report([_score(folder) for folder in tapes])
    if as_json:
        sys.stdout.buffer.write(scored.json() + b"\n")
    else:
        _print(scored)
    if out is not None:
        with out.open("x", encoding="utf-8") as file:
            file.write(figure(scored))
        click.echo(f"figure written to {out}", err=as_json)


def _check_new(out: Path) -> None:
    if out.exists():
        raise EvaluateError(f"{out}: exists and is not overwritten; choose another file")
    if not out.parent.is_dir():
        raise EvaluateError(f"{out.parent}: no such folder for the figure {out.name}")


def _score(folder: Path) -> TapeScore:
    """Replay one tape and score it."""
    tape = open_tape(folder)
    truth = read_truth(tape)
    observer, records = ReplayObserver(truth), 0
    with ReplayProgress(tape.session) as progress:

        def watch(session: Session, tick: Tick, trades: list[ClassifiedTrades]) -> None:
            nonlocal records
            observer.observe(session, tick, trades)
            records += sum(len(batch.records) for batch in (*tick.quotes, *tick.trades))
            progress.show(tick.end, records)

        session = replay(tape, watch=watch)
    for warning in [*tape.warnings, *session.notices()]:
        click.secho(f"warning: {folder}: {warning}", fg="yellow", err=True)
    return score(str(folder), session.digest, truth.parameters, observer.finish(session))


def _print(scored: Report) -> None:
    console = OutputConsole(least=WIDE)
    seeds = len(scored.tapes)
    dates = ", ".join(dict.fromkeys(tape.hours.date.isoformat() for tape in scored.tapes))
    known = f"means over {seeds} seeds, ± half of the {LEVEL:.0%} interval (Student's, over seeds)"
    console.print(f"{dates}: {known if seeds > 1 else _ONE_SEED}")
    console.print(*_headline(scored), sep="\n")
    for table in TABLES:
        console.print(f"\n[bold]{table.title}[/bold]", _grid(table, scored))
    for table in TABLES:
        if pairs := [c for c in scored.comparisons if c.table == table.name]:
            console.print(f"\n[bold]{table.title}: gain[/bold]", _gains(table, pairs))
            if seeds > 1:
                for first, second in dict.fromkeys((c.first, c.second) for c in pairs):
                    console.print(_summary(pairs, first, second))


#: The figures that answer first: what they are, and where they stand.
_FIRST: Final = (
    ("customer's side right, % of signed contracts", "sides", (ALL, "all trades"), "customer"),
    ("dealers' gamma: convention's sign right", "gamma", (ALL, DAY, CONVENTIONS[0]), "sign"),
    ("dealers' gamma: inventory's sign right", "gamma", (ALL, DAY, INVENTORY), "sign"),
    ("dealers' gamma: truth in the inventory's 90%", "gamma", (ALL, DAY, INVENTORY), "covered"),
    ("hedge flow by minute: correlation", "hedge_flow", (ALL, STEPS[0][0]), "correlation"),
)


def _headline(scored: Report) -> Iterator[str]:
    """The figures that answer first, a line each."""
    columns = {(table.name, column.name): column for table in TABLES for column in table.columns}
    for text, table, key, name in _FIRST:
        figures = scored.tables[table].get(key, {})
        yield f"  {text:<46}{_cell(columns[table, name], figures.get(name))}"


def _grid(table: Table, scored: Report) -> Grid:
    columns = [column for column in table.columns if column.head]
    grid = empty_grid(table.labels, [column.head for column in columns])
    for key, figures in scored.tables[table.name].items():
        grid.add_row(*key, *(_cell(column, figures.get(column.name)) for column in columns))
    return grid


def _cell(column: Column, figure: Interval | None) -> str:
    if figure is None or math.isnan(figure.mean):
        return UNKNOWN_CELL
    if column.format == "count":
        return f"{figure.mean:,.0f}"
    scale, digits = (100.0, 1) if column.format == "share" else (1.0, 2)
    mean = f"{scale * figure.mean:.{digits}f}"
    known = figure.half > _TINY
    return f"{mean} ±{scale * figure.half:.{digits}f}" if known else mean


def _gains(table: Table, comparisons: Sequence[Comparison]) -> Grid:
    """How much better one estimate is than another, and whether the seeds can tell."""
    columns = {column.name: column for column in table.columns}
    measures = list(dict.fromkeys(pair.measure for pair in comparisons))
    cells: dict[tuple[str, ...], list[str]] = {}
    for pair in comparisons:
        cell = f"{_cell(columns[pair.measure], pair.gain)} {_word(pair)}"
        cells.setdefault((pair.first, pair.second, pair.symbol, pair.time), []).append(cell)
    heads = [columns[measure].head for measure in measures]
    grid = empty_grid(("estimate", "compared to", "symbol", "time"), heads)
    for key, row in cells.items():
        grid.add_row(*key, *row)
    return grid


def _word(pair: Comparison) -> str:
    return {pair.first: "better", pair.second: "worse", None: "      "}[pair.nearer]


def _summary(comparisons: Sequence[Comparison], first: str, second: str) -> str:
    """How often one of two estimates was nearer to the truth."""
    pairs = [c for c in comparisons if (c.first, c.second) == (first, second)]
    counts = Counter(c.nearer for c in pairs)
    return (
        f"{first} against {second}: nearer to the truth in {counts[first]} of {len(pairs)}, "
        f"farther in {counts[second]}, undecided in {counts[None]}"
    )
