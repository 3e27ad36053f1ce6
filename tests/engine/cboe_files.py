"""A tiny reader of the recorded Cboe files, for the twin alone: no importer, plain lists."""

import csv
import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from engine.twin_pricing import Quote, Row

#: Weekdays on which New York did not trade, where the recorded chains have sessions to count.
_HOLIDAYS: Final = """
    2019-07-04 2019-09-02 2019-11-28 2019-12-25 2020-01-01 2020-01-20 2020-02-17 2020-04-10
    2020-05-25
    2022-04-15 2022-05-30 2022-06-20 2022-07-04 2022-09-05 2022-11-24 2022-12-26
    2023-01-02 2023-01-16 2023-02-20 2023-04-07 2023-05-29 2023-06-19 2023-07-04 2023-09-04
    2023-11-23 2023-12-25 2024-01-01 2024-01-15 2024-02-19 2024-03-29 2024-05-27 2024-06-19
    2024-07-04 2024-09-02 2024-11-28 2024-12-25 2025-01-01 2025-01-09 2025-01-20 2025-02-17
    2025-04-18 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-11-27 2025-12-25 2026-01-01
    2026-01-19 2026-02-16 2026-04-03 2026-05-25 2026-06-19 2026-07-03 2026-09-07 2026-11-26
"""
HOLIDAYS: Final = frozenset(map(datetime.date.fromisoformat, _HOLIDAYS.split()))

#: Days that closed at 13:00, likewise.
HALF_DAYS: Final = frozenset(
    map(datetime.date.fromisoformat, ("2019-07-03", "2019-11-29", "2019-12-24", "2022-11-25"))
)

Expiry: TypeAlias = tuple[str, datetime.date]


@dataclass(frozen=True)
class Listed:
    """A file: the underlying's price and the rows of every (root, expiry)."""

    price: float
    chains: dict[Expiry, list[Row]]


def sessions_between(after: datetime.date, until: datetime.date) -> int:
    """Sessions d with after < d <= until, counted on the fingers."""
    days = (after + datetime.timedelta(days=n + 1) for n in range((until - after).days))
    return sum(day.weekday() < 5 and day not in HOLIDAYS for day in days)


def half_days_between(after: datetime.date, until: datetime.date) -> int:
    """Half days among them."""
    return sum(after < day <= until for day in HALF_DAYS)


def read_chain(path: Path) -> Listed:
    """A file of Cboe's website, calls left and puts right; the price is the last."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in csv.reader(file) if line]
    price = float(next(cell for cell in lines[0] if cell.startswith("Last:")).split()[1])
    chains: dict[Expiry, list[Row]] = {}
    for line in lines[3:]:
        root, expiry = _name(line[1])
        row = Row(float(line[11]), _quote(line[1:11]), _quote(line[12:22]))
        chains.setdefault((root, expiry), []).append(row)
    return Listed(price, _sorted(chains))


def read_eod(path: Path, root: str) -> Listed:
    """A DataShop end-of-day file's 15:45 columns; the price is the underlying's mid."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    price = (float(lines[0]["underlying_bid_1545"]) + float(lines[0]["underlying_ask_1545"])) / 2
    sides: dict[Expiry, dict[float, dict[str, Quote]]] = {}
    for line in lines:
        key = (root, datetime.date.fromisoformat(line["expiration"]))
        quote = Quote(
            float(line["bid_1545"]), float(line["ask_1545"]), float(line["open_interest"]), None
        )
        strikes = sides.setdefault(key, {})
        strikes.setdefault(float(line["strike"]), {})[line["option_type"]] = quote
    chains = {
        key: [Row(strike, sides.get("C"), sides.get("P")) for strike, sides in strikes.items()]
        for key, strikes in sides.items()
    }
    return Listed(price, _sorted(chains))


def _name(symbol: str) -> Expiry:
    """'SPXW220323C02000000' to its root and expiry."""
    day = symbol[-15:-9]
    return symbol[:-15], datetime.date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))


def _quote(cells: list[str]) -> Quote:
    """Symbol, last, net, bid, ask, volume, iv, delta, gamma, open interest."""
    return Quote(float(cells[3]), float(cells[4]), float(cells[9]), float(cells[5]))


def _sorted(chains: dict[Expiry, list[Row]]) -> dict[Expiry, list[Row]]:
    return {key: sorted(rows, key=lambda row: row.strike) for key, rows in chains.items()}
