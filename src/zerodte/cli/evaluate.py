"""`zerodte evaluate`: estimates held against the truth of simulated tapes, as tables."""

import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table as Grid

from zerodte.cli.progress import ReplayProgress
from zerodte.evaluate.figure import figure
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

_UNKNOWN = "–"
_ONE_SEED = "one seed: how far another one would differ is not known"
#: Wide enough for the widest table; a terminal that is wider may use it.
_WIDTH = 150
#: What never varies has no interval to show.
_TINY = 1e-9


@click.command("evaluate")
@click.argument("tapes", metavar="DIR...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option(
    "--figure",
    "out",
    type=click.Path(path_type=Path),
    help="Draw the scores into this new HTML file.",
)
def evaluate_command(tapes: tuple[Path, ...], as_json: bool, out: Path | None) -> None:
    """Score what was estimated of simulated tapes against their truth; each DIR is a seed."""
    if out is not None:
        _check_new(out)
    for folder in tapes[1:]:
        read_truth(open_tape(folder))  # What is wrong with the last is said before the first plays.
    scored = report([_score(folder) for folder in tapes])
    if as_json:
        sys.stdout.buffer.write(scored.json() + b"\n")
    else:
        _print(scored)
    if out is not None:
        with out.open("x", encoding="utf-8") as file:
            file.write(figure(scored))
        click.echo(f"drawn: {out}", err=as_json)


def _check_new(out: Path) -> None:
    if out.exists():
        raise EvaluateError(f"{out}: exists, and is not overwritten; choose another file")
    if not out.parent.is_dir():
        raise EvaluateError(f"{out.parent}: no such folder, for the figure {out.name}")


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
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    seeds = len(scored.tapes)
    dates = ", ".join(dict.fromkeys(tape.hours.date.isoformat() for tape in scored.tapes))
    known = f"means over {seeds} seeds, ± half of the {LEVEL:.0%} interval (Student's, over seeds)"
    console.print(f"{dates}: {known if seeds > 1 else _ONE_SEED}")
    for table in TABLES:
        console.print(f"\n[bold]{table.title}[/bold]", _grid(table, scored))
    for table in TABLES:
        if held := [c for c in scored.comparisons if c.table == table.name]:
            console.print(f"\n[bold]{table.title}: what is gained[/bold]", _gains(table, held))
            if seeds > 1:
                for first, second in dict.fromkeys((c.first, c.second) for c in held):
                    console.print(_summary(held, first, second))


def _grid(table: Table, scored: Report) -> Grid:
    shown = [column for column in table.columns if column.head]
    grid = _headed(table.labels, [column.head for column in shown])
    for key, figures in scored.tables[table.name].items():
        grid.add_row(*key, *(_cell(column, figures.get(column.name)) for column in shown))
    return grid


def _headed(labels: Sequence[str], heads: Sequence[str]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0))
    for label in labels:
        grid.add_column(label, header_style="dim", no_wrap=True)
    for head in heads:
        grid.add_column(head, header_style="dim", justify="right", no_wrap=True)
    return grid


def _cell(column: Column, figure: Interval | None) -> str:
    if figure is None or math.isnan(figure.mean):
        return _UNKNOWN
    if column.format == "count":
        return f"{figure.mean:,.0f}"
    scale, digits = (100.0, 1) if column.format == "share" else (1.0, 2)
    mean = f"{scale * figure.mean:.{digits}f}"
    known = figure.half > _TINY
    return f"{mean} ±{scale * figure.half:.{digits}f}" if known else mean


def _gains(table: Table, comparisons: Sequence[Comparison]) -> Grid:
    """By how much one estimate is better than another, and whether the seeds can tell."""
    columns = {column.name: column for column in table.columns}
    measures = list(dict.fromkeys(held.measure for held in comparisons))
    cells: dict[tuple[str, ...], list[str]] = {}
    for held in comparisons:
        cell = f"{_cell(columns[held.measure], held.gain)} {_word(held)}"
        cells.setdefault((held.first, held.second, held.symbol, held.time), []).append(cell)
    heads = [columns[measure].head for measure in measures]
    grid = _headed(("by", "over", "symbol", "time"), heads)
    for key, row in cells.items():
        grid.add_row(*key, *row)
    return grid


def _word(held: Comparison) -> str:
    return {held.first: "better", held.second: "worse", None: "      "}[held.nearer]


def _summary(comparisons: Sequence[Comparison], first: str, second: str) -> str:
    """How often one of two came out nearer."""
    held = [c for c in comparisons if (c.first, c.second) == (first, second)]
    counts = Counter(c.nearer for c in held)
    return (
        f"{first} against {second}: nearer to the truth in {counts[first]} of {len(held)}, "
        f"farther in {counts[second]}, not told apart in {counts[None]}"
    )
