"""Lines over time as a script in Pine, the language of TradingView's charts, version 6.

Pine cannot read what lies elsewhere, so a script holds its figures. At a bar of the chart it shows
the last that was known when that bar closed: it never looks ahead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

#: Within brackets a line may go on with any indent that is no multiple of four.
_INDENT: Final = "     "
_WIDTH: Final = 96


@dataclass(frozen=True, slots=True)
class PineLine:
    """A line of a script.

    Attributes:
        name: In Pine: letters and digits.
        title: For people.
        color: A colour that Pine knows by name, such as teal.
        values: A value for each time; None where it is unknown.
    """

    name: str
    title: str
    color: str
    values: Sequence[float | None]


def pine_script(
    title: str,
    notes: Sequence[str],
    hours: tuple[datetime, datetime],
    times: Sequence[datetime],
    lines: Sequence[PineLine],
) -> str:
    """A script that draws lines in steps over one session.

    Args:
        title: What stands on the chart.
        notes: Sentences at its head.
        hours: When the session begins and ends; outside nothing is drawn.
        times: Since when each value was known, ascending; at least one.
        lines: The lines; each has a value for each time.
    """
    start, end = (_milliseconds(each) for each in hours)
    parts = [
        "//@version=6",
        *(f"// {note}" for note in notes),
        f"indicator({_text(title)}, overlay = true)",
        "",
        "// For a chart of another product of the same index, such as a future.",
        'float factor = input.float(1.0, "Multiply levels by", minval = 0.0)',
        'float offset = input.float(0.0, "Then add")',
        "",
        "// Unix milliseconds: since when each level was known.",
        _array("int", "times", [str(_milliseconds(each)) for each in times]),
        *(_array("float", each.name, [_number(one) for one in each.values]) for each in lines),
        "",
        "// The last that was known when the bar closed.",
        "var int last = -1",
        "while last + 1 < times.size() and times.get(last + 1) <= time_close",
        "    last += 1",
        f"bool isShown = last >= 0 and time >= {start} and time < {end}",
        "",
        "levelAt(array<float> levels) =>",
        "    isShown ? levels.get(last) * factor + offset : na",
        "",
        *(_plot(each) for each in lines),
    ]
    return "\n".join(parts) + "\n"


def _plot(line: PineLine) -> str:
    style = "style = plot.style_steplinebr"
    return f"plot(levelAt({line.name}), {_text(line.title)}, color = color.{line.color}, {style})"


def _array(kind: str, name: str, values: Sequence[str]) -> str:
    """A declaration of an array, in lines of a readable length."""
    rows, row = [f"var array<{kind}> {name} = array.from("], _INDENT
    for position, value in enumerate(values):
        word = value + (")" if position == len(values) - 1 else ", ")
        if len(row) + len(word) > _WIDTH:
            rows.append(row.rstrip())
            row = _INDENT
        row += word
    return "\n".join([*rows, row])


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp()) * 1000


def _number(value: float | None) -> str:
    return "float(na)" if value is None else repr(float(value))


def _text(text: str) -> str:
    """A text in quotes; what would end it is left out."""
    return '"' + "".join(char for char in text if char.isprintable() and char not in '"\\') + '"'
