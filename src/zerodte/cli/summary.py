"""A summary of a snapshot for a terminal, from the wire's JSON."""

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from zerodte.cli.grid import OutputConsole
from zerodte.wire.text import dollars

_UNKNOWN = "unknown"


def print_summary(body: bytes) -> None:
    """Print a snapshot, or the message of an answer without one."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    console = OutputConsole()
    console.print(Text(_title(answer), style="bold"))
    if answer["body"] is None:
        console.print(answer["message"])
    else:
        _print_lines(console, _lines(answer), answer["warnings"])
    if following := answer.get("next_session"):
        console.print(Text(_next_title(answer["symbol"], following), style="bold"))
        _print_lines(console, _next_lines(following), following["warnings"])


def _print_lines(console: Console, lines: list[tuple[str, str]], warnings: list[str]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for label, text in lines:
        table.add_row(Text(label, style="dim"), Text(text))
    console.print(table)
    for warning in warnings:
        console.print(Text(f"  warning: {warning}", style="yellow"))


def _title(answer: dict[str, Any]) -> str:
    expiry = answer.get("expiration")
    chain = f", expiry {expiry}" if expiry else ""
    closed = "" if answer.get("market_open", True) else ", closed"
    return f"{answer['symbol']} at {answer['as_of']}{chain}{closed} ({answer['source']})"


def _next_title(symbol: str, following: dict[str, Any]) -> str:
    provisional = ", provisional open interest" if following["provisional"] else ""
    return f"{symbol}, the next expiry: {following['expiration']}{provisional}"


def _next_lines(following: dict[str, Any]) -> list[tuple[str, str]]:
    regime, levels, move = following["regime"], following["levels"], following["expected_move"]
    return [
        ("quotes of", following["as_of"]),
        ("spot", _price(following["underlying_price"])),
        *_level_lines(regime, levels),
        ("magnet", _price(following["magnet_strike"])),
        ("max pain", _price(following["max_pain"])),
        ("expected move", _sigma(move)),
        ("net gex", _dollars(following["net_gex"], " per 1%")),
    ]


def _level_lines(regime: dict[str, Any], levels: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("regime", f"{regime['label']}: {regime['description']}"),
        ("gamma flip", f"{_price(regime['gamma_flip'])} ({regime['gamma_flip_status']})"),
        ("walls", f"put {_price(levels['put_wall'])}, call {_price(levels['call_wall'])}"),
    ]


def _lines(answer: dict[str, Any]) -> list[tuple[str, str]]:
    regime, move, levels = answer["regime"], answer["expected_move"], answer["levels"]
    exposures, pin, flow = answer["exposures"], answer["pin_risk"], answer["flow"]
    hedge = answer["hedging"]["spot_up_1pct"]
    meta = answer["metadata"]
    return [
        ("spot", f"{_price(answer['underlying_price'])} ({meta['spot_source']})"),
        ("to the close", f"{_number(answer['time_to_close_hours'])} hours"),
        *_level_lines(regime, levels),
        ("magnet", f"{_price(pin['magnet_strike'])}, pin score {_number(pin['pin_score'])}"),
        ("max pain", _price(pin["max_pain"])),
        ("remaining sigma", _sigma(move)),
        ("net gex", _dollars(exposures["net_gex"], " per 1%")),
        ("net dex", _dollars(exposures["net_dex"])),
        ("net vex", _dollars(exposures["net_vex"], " per volatility point")),
        ("net chex", _dollars(exposures["net_chex"], " per session day")),
        ("spot +1%", _hedge(hedge)),
        ("volume, open interest", f"{_number(flow['total_volume'])}, {_number(flow['total_oi'])}"),
        ("data quality", f"{_number(meta['data_quality_score'])} of 100"),
    ]


def _sigma(move: dict[str, Any]) -> str:
    sigma, share = move["remaining_1sd_dollars"], move["remaining_1sd_pct"]
    of_spot = f" ({_number(share)}%)" if share is not None else ""
    return f"{_price(sigma)}{of_spot}, straddle {_price(move['straddle_price'])}"


def _hedge(move: dict[str, Any]) -> str:
    notional = move["notional_usd"]
    return (
        _UNKNOWN if notional is None else f"dealers {move['direction']} {_dollars(abs(notional))}"
    )


def _dollars(value: float | None, unit: str = "") -> str:
    return _UNKNOWN if value is None else dollars(value) + unit


def _price(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:,.2f}"


def _number(value: float | None) -> str:
    if value is None:
        return _UNKNOWN
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"
