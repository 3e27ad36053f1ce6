"""Which prices make the range of spot in a bar."""

from typing import Any

from session.day import Day
from session.generated import send
from session.usual import usual
from views.days import read
from zerodte.views.frame import Frame
from zerodte.views.series import series
from zerodte.wire.series import SeriesQuery
from zerodte.wire.window import BarSize


def bars(day: Day, size: BarSize = "30s") -> list[dict[str, Any]]:
    query = SeriesQuery(symbol="SPX", bar=size, minutes=390)
    found: list[dict[str, Any]] = read(series(Frame.live(day.session, "live", "SPX"), query))[
        "bars"
    ]
    return found


def ranges(day: Day, size: BarSize = "30s") -> list[tuple[float, float, float]]:
    return [(bar["spot_low"], bar["spot"], bar["spot_high"]) for bar in bars(day, size)]


def test_a_range_begins_anew_after_each_sample_and_larger_bars_join_them() -> None:
    day = send(Day(), usual(elapsed=0), "09:30:01", 500.0)
    for clock, value in (("09:30:10", 503.0), ("09:30:20", 498.0), ("09:30:30", 501.0)):
        day.send(clock, index={"SPX": value})
    send(day, usual(elapsed=0), "09:30:45", 500.5)
    day.session.advance(day.time("09:31:00"))
    assert ranges(day) == [(498.0, 501.0, 503.0), (500.5, 500.5, 500.5)]
    assert ranges(day, "1m") == [(498.0, 500.5, 503.0)]


def test_a_price_before_the_open_is_in_no_bar() -> None:
    day = send(Day(), usual(elapsed=0), "09:29:50", 520.0)
    send(day, usual(elapsed=0), "09:30:20", 500.0)
    day.session.advance(day.time("09:30:30"))
    assert ranges(day) == [(500.0, 500.0, 500.0)]


def test_a_lone_price_that_cannot_be_is_no_high() -> None:
    """Over 10% from the spot of the last sample; and 10% it may be, as beside parity."""
    day = send(Day(), usual(elapsed=0), "09:30:20", 500.0)
    day.session.advance(day.time("09:30:30"))
    for clock, value in (("09:30:35", 5000.0), ("09:30:40", 1.0), ("09:30:45", 549.0)):
        day.send(clock, index={"SPX": value})
    send(day, usual(elapsed=0), "09:30:50", 502.0)
    day.session.advance(day.time("09:31:00"))
    assert ranges(day)[1] == (502.0, 502.0, 549.0)


def test_where_parity_gives_spot_its_samples_make_the_range() -> None:
    day = send(Day(), usual(elapsed=0), "09:30:20", None)
    day.session.advance(day.time("09:30:30"))
    (bar,) = bars(day)
    assert bar["spot"] is not None
    assert bar["spot_low"] == bar["spot_high"] == bar["spot"]
    refused = send(Day(), usual(elapsed=0), "09:30:20", 900.0)
    refused.session.advance(refused.time("09:30:30"))
    assert ranges(refused) == ranges(day), "of an index that parity outvotes nothing is left"
