"""`zerodte levels`: the levels of a session as a script for TradingView, or as CSV."""

import csv
import datetime
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import click
import msgspec

import zerodte
from zerodte.charts.pine import PineLine, pine_script
from zerodte.cli.levels_source import HistoryLevels, ServerLevels, is_server
from zerodte.cli.options import DATE
from zerodte.market.calendar import calendar
from zerodte.market.roots import underlying_of
from zerodte.wire.base import timestamp
from zerodte.wire.numbers import number
from zerodte.wire.series import Series, SeriesBar

#: Name in Pine, title and colour of each line; names in small letters are columns of the CSV.
_LINES: Final = (
    ("callWall", "call wall", "call_wall", "teal"),
    ("putWall", "put wall", "put_wall", "red"),
    ("magnet", "magnet", "magnet", "purple"),
    ("gammaFlip", "gamma flip", "gamma_flip", "orange"),
    ("upperSigma", "one sigma up", "upper_1sd", "gray"),
    ("lowerSigma", "one sigma down", "lower_1sd", "gray"),
)
_FIELDS: Final = (
    "spot",
    "gamma_flip",
    "gamma_flip_status",
    "call_wall",
    "put_wall",
    "magnet",
    "upper_1sd",
    "lower_1sd",
    "net_gex",
    "regime",
)


@click.command("levels")
@click.argument("source")
@click.option("--pine", "form", flag_value="pine", help="A script in Pine 6, for TradingView.")
@click.option("--csv", "form", flag_value="csv", help="A CSV file per session.")
@click.option("--symbol", help="The underlying; needed where SOURCE has several.")
@click.option("--date", type=DATE, help="The session; by default the newest.")
@click.option(
    "--bar",
    type=click.Choice(["1m", "5m", "15m"]),
    default="5m",
    show_default=True,
    help="How often there is a level.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write, or with --csv a folder, which gets every session unless --date chooses.",
)
def levels_command(
    source: str,
    form: str | None,
    symbol: str | None,
    date: datetime.date | None,
    bar: Literal["1m", "5m", "15m"],
    out: Path | None,
) -> None:
    """Print the levels of a session of SOURCE: a history's root, or the URL of a server.

    A server that requires a key is given that of the variable ZERODTE_KEY.
    """
    if form is None:
        raise click.UsageError("choose --pine or --csv")
    levels = ServerLevels(source) if is_server(source) else HistoryLevels(source)
    name = levels.symbol(None if symbol is None else underlying_of(symbol.strip().upper()))
    if form == "csv" and out is not None:
        out.mkdir(parents=True, exist_ok=True)
        dates = levels.dates(name) if date is None else [date]
        for each in dates:
            series = levels.series(name, each, bar)
            path = out / f"{name}-{series.expiration}.csv"
            path.write_text(_csv(series.bars))
            click.echo(path)
        return
    series = levels.series(name, date, bar)
    text = _csv(series.bars) if form == "csv" else _pine(series)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text)


def _pine(series: Series) -> str:
    rows = [_row(bar) for bar in series.bars]
    session = calendar().session(series.expiration)
    if session is None:
        raise click.ClickException(f"{series.expiration} was no session")
    head = f"Levels of {series.symbol} on {series.expiration}, up to {series.as_of:%H:%M} UTC"
    notes = (
        f"{head}; market data: {series.source}. zerodte {zerodte.__version__}.",
        "Estimates of where dealers hedge, not advice; docs/model.md says what each rests on.",
    )
    return pine_script(
        f"{series.symbol} levels {series.expiration}",
        notes,
        (timestamp(session.open), timestamp(session.close)),
        [bar.t for bar in series.bars],
        [
            PineLine(name, title, color, [_float(row[field]) for row in rows])
            for name, title, field, color in _LINES
        ],
    )


def _csv(bars: Sequence[SeriesBar]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("time", *_FIELDS))
    for bar in bars:
        row = _row(bar)
        writer.writerow((f"{bar.t:%Y-%m-%dT%H:%M:%SZ}", *(row[name] for name in _FIELDS)))
    return text.getvalue()


def _row(bar: SeriesBar) -> dict[str, float | str | None]:
    """The fields of a bar, and one remaining sigma above and below spot."""
    row: dict[str, float | str | None] = msgspec.structs.asdict(bar)
    row["upper_1sd"], row["lower_1sd"] = _sigmas(bar)
    return row


def _sigmas(bar: SeriesBar) -> Iterator[float | None]:
    spot, sigma = bar.spot, bar.remaining_1sd_dollars
    for sign in (1.0, -1.0):
        yield None if spot is None or sigma is None else number(spot + sign * sigma)


def _float(value: float | str | None) -> float | None:
    return None if value is None else float(value)
