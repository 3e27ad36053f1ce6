"""A small SVG of a symbol's levels: where spot is among them."""

from typing import Final

from zerodte.wire.conditions import ExpectedMove
from zerodte.wire.positioning import Levels

_WIDTH, _HEIGHT, _MARGIN = 200.0, 30.0, 8.0
_MIDDLE: Final = _HEIGHT / 2


def level_chart(
    spot: float | None,
    move: ExpectedMove,
    levels: Levels,
    flip: float | None,
    magnet: float | None,
) -> str:
    """A table cell: the remaining sigma as a band, walls, flip, magnet and spot as marks."""
    low, high = move.lower_bound, move.upper_bound
    values = [v for v in (spot, low, high, levels.put_wall, levels.call_wall, flip, magnet) if v]
    if spot is None or max(values) == min(values):
        return "<td></td>"
    scale = (_WIDTH - 2 * _MARGIN) / (max(values) - min(values))

    def place(value: float) -> float:
        return _MARGIN + (value - min(values)) * scale

    marks = []
    if low is not None and high is not None:
        marks.append(
            f'<rect class="band" x="{place(low):.1f}" y="{_MIDDLE - 5}" height="10" rx="2" '
            f'width="{(high - low) * scale:.1f}"/>'
        )
    marks.append(f'<path class="axis" d="M0 {_MIDDLE}H{_WIDTH}"/>')
    for name, value, line in (
        ("put wall", levels.put_wall, f"{_MIDDLE}V{_HEIGHT - 2}"),
        ("call wall", levels.call_wall, f"2V{_MIDDLE}"),
        ("flip", flip, f"4V{_HEIGHT - 4}"),
    ):
        if value is not None:
            marks.append(_mark(name, value, f"M{place(value):.1f} {line}"))
    if magnet is not None:
        at = place(magnet)
        marks.append(_mark("magnet", magnet, f"M{at:.1f} {_MIDDLE - 5}l5 5l-5 5l-5-5z"))
    marks.append(
        f'<circle class="spot" cx="{place(spot):.1f}" cy="{_MIDDLE}" r="3.5">'
        f"<title>spot {spot:,.2f}</title></circle>"
    )
    drawing = "".join(marks)
    return (
        f'<td class="strip"><svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="levels around spot">{drawing}</svg></td>'
    )


def _mark(name: str, value: float, path: str) -> str:
    kind = name.replace(" ", "-")
    return f'<path class="{kind}" d="{path}"><title>{name} {value:,.2f}</title></path>'
