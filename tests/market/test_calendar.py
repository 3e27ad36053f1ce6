"""Sessions compared with another library, and New York time at daylight saving changes."""

import datetime
import warnings
from datetime import date, time
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.clock import ClockError, new_york, new_york_clock, parse_new_york, parse_utc
from zerodte.market.calendar import (
    FIRST_DAY,
    LAST_DAY,
    TradingSession,
    calendar,
    epoch_day,
    from_epoch_day,
)
from zerodte.market.osi import MarketError

HOUR = 3_600 * 10**9
FROM, TO = date(2010, 1, 1), date(2026, 12, 31)


def session(day: date) -> TradingSession:
    found = calendar().session(day)
    assert found is not None
    return found


def test_every_session_and_close_is_that_of_another_library() -> None:
    with warnings.catch_warnings():  # the library's own, about pandas
        warnings.simplefilter("ignore", DeprecationWarning)
        library = exchange_calendars.get_calendar("XNYS", start=str(FROM), end=str(TO))
    answers = library.schedule
    expected = {
        day.date(): (opens.value, closes.value)
        for day, opens, closes in zip(answers.index, answers["open"], answers["close"], strict=True)
    }
    ours = {}
    day = FROM
    while day <= TO:
        if found := calendar().session(day):
            assert found.date == day
            ours[day] = (found.open, found.close)
        day += datetime.timedelta(days=1)
    assert ours == expected
    assert len(ours) > 4_000


def test_christmas_eve_is_a_half_day() -> None:
    eve = session(date(2015, 12, 24))
    assert eve.minutes == 210.0
    assert eve.is_early_close
    assert eve.close == new_york(date(2015, 12, 24), time(13))
    usual = session(date(2015, 12, 23))
    assert usual.minutes == 390.0
    assert not usual.is_early_close


@pytest.mark.parametrize("day", [date(2022, 3, 26), date(2022, 4, 15), date(2021, 7, 5)])
def test_weekends_and_holidays_have_no_session(day: date) -> None:
    assert calendar().session(day) is None


@pytest.mark.parametrize(
    ("day", "opens"),
    [
        # Daylight saving began on Sunday 2022-03-13 and ended on Sunday 2022-11-06.
        (date(2022, 3, 11), "2022-03-11T14:30:00"),
        (date(2022, 3, 14), "2022-03-14T13:30:00"),
        (date(2022, 11, 4), "2022-11-04T13:30:00"),
        (date(2022, 11, 7), "2022-11-07T14:30:00"),
    ],
)
def test_the_open_follows_daylight_saving(day: date, opens: str) -> None:
    expected = int(np.datetime64(opens, "ns").astype(np.int64))
    assert session(day).open == expected
    assert new_york(day, time(9, 30)) == expected
    assert session(day).close == expected + 13 * HOUR // 2


def test_new_york_on_the_nights_of_the_changes() -> None:
    spring, autumn = date(2022, 3, 13), date(2022, 11, 6)
    assert new_york(spring, time(3)) - new_york(spring, time(1)) == HOUR
    assert new_york(autumn, time(2)) - new_york(autumn, time(1)) == 2 * HOUR
    second = new_york(autumn, time(1, fold=1))
    assert second - new_york(autumn, time(1)) == HOUR
    assert new_york_clock(second).time() == time(1)


@given(st.dates(FIRST_DAY, LAST_DAY), st.times())
def test_an_instant_comes_back_from_new_yorks_clock(day: date, at: time) -> None:
    instant = new_york(day, at)
    again = new_york_clock(instant)
    assert new_york(again.date(), again.time()) == instant
    shown = datetime.datetime.combine(day, at, ZoneInfo("America/New_York"))
    utc = shown.astimezone(datetime.UTC)
    since = utc - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    assert instant == since // datetime.timedelta(microseconds=1) * 1000


def test_an_instant_is_cut_to_microseconds_not_rounded() -> None:
    noon = new_york(date(2022, 3, 23), time(12))
    assert new_york_clock(noon - 1) == new_york_clock(noon - 1_000)
    assert new_york_clock(noon - 1).microsecond == 999_999


def test_a_wall_clock_time_is_read_with_or_without_seconds() -> None:
    assert parse_new_york("2022-03-23T10:11") == new_york(date(2022, 3, 23), time(10, 11))
    assert parse_new_york("2022-01-03T15:59:59") == new_york(date(2022, 1, 3), time(15, 59, 59))


def test_a_utc_time_is_exact_in_any_zone() -> None:
    noon = int(datetime.datetime(2022, 3, 23, 12, tzinfo=datetime.UTC).timestamp()) * 10**9
    for text, fraction in {
        "2022-03-23T12:00:00Z": 0,
        "2022-03-23 12:00:00": 0,
        "2022-03-23T08:00:00.5-04:00": 500_000_000,
        "2022-03-23T12:00:00.123456789Z": 123_456_789,
        "2022-03-23T12:00:00.000000001+0000": 1,
    }.items():
        assert parse_utc(text) == noon + fraction, text
    assert parse_utc("2022-03-23") == noon - 12 * 3600 * 10**9
    for text in ("", "yesterday", "2022-13-01", "2022-03-23T12:00:00 New York"):
        with pytest.raises(ClockError, match="is not a time"):
            parse_utc(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10:11",
        "2022-03-23",
        "2022-03-23 10:11",
        "2022-03-23T10",
        "2022-03-23T10:11:12.5",
        "2022-03-23T10:11Z",
        "2022-03-23T10:11-04:00",
        "20220323T1011",
        "2022-02-30T10:11",
        "2022-03-23T25:00",
    ],
)
def test_other_forms_of_time_are_refused_and_the_right_one_shown(text: str) -> None:
    with pytest.raises(ClockError, match=r"yyyy-MM-ddTHH:mm\[:ss\].*2022-03-23T10:11"):
        parse_new_york(text)


def test_a_time_that_clocks_skip_is_refused() -> None:
    with pytest.raises(ClockError, match="daylight saving skips it"):
        parse_new_york("2022-03-13T02:30")


@pytest.mark.parametrize(
    ("day", "at", "owner"),
    [
        (date(2025, 4, 30), time(17, 59, 59), date(2025, 4, 30)),
        (date(2025, 4, 30), time(18), date(2025, 5, 1)),
        (date(2025, 4, 30), time(20, 35), date(2025, 5, 1)),
        (date(2025, 5, 1), time(8, 28), date(2025, 5, 1)),
        (date(2025, 5, 2), time(18), date(2025, 5, 5)),
        (date(2025, 5, 3), time(12), date(2025, 5, 5)),
        (date(2025, 5, 4), time(23, 59), date(2025, 5, 5)),
        # Good Friday
        (date(2022, 4, 14), time(18), date(2022, 4, 18)),
        (date(2022, 4, 15), time(10), date(2022, 4, 18)),
        # Sundays on which the clocks change
        (date(2022, 3, 13), time(18), date(2022, 3, 14)),
        (date(2022, 11, 6), time(17), date(2022, 11, 7)),
        # a half day owns its evening until 18:00 too
        (date(2015, 12, 24), time(17, 30), date(2015, 12, 24)),
    ],
)
def test_a_session_owns_the_evening_before(day: date, at: time, owner: date) -> None:
    assert calendar().session_of(new_york(day, at)).date == owner


def test_neighbours_skip_weekends_and_holidays() -> None:
    thursday = date(2022, 4, 14)
    assert calendar().next(thursday).date == date(2022, 4, 18)
    assert calendar().previous(date(2022, 4, 18)).date == thursday
    assert calendar().next(date(2022, 4, 16)).date == date(2022, 4, 18)
    assert calendar().previous(date(2022, 4, 16)).date == thursday


@given(st.dates(FROM, TO), st.dates(FROM, TO))
def test_sessions_between_are_those_that_can_be_counted(a: date, b: date) -> None:
    b = min(b, a + datetime.timedelta(days=40))
    days = range(epoch_day(a) + 1, epoch_day(b) + 1)
    plain = sum(calendar().session(from_epoch_day(day)) is not None for day in days)
    assert calendar().sessions_between(a, b) == plain


def test_sessions_between_leaves_out_the_first_and_counts_the_last_day() -> None:
    wednesday, thursday = date(2022, 3, 23), date(2022, 3, 24)
    assert calendar().sessions_between(wednesday, wednesday) == 0
    assert calendar().sessions_between(wednesday, thursday) == 1
    assert calendar().sessions_between(thursday, wednesday) == 0


@pytest.mark.parametrize("day", [date(1989, 12, 29), date(2100, 1, 4)])
def test_days_outside_the_known_years_are_refused_clearly(day: date) -> None:
    for ask in (calendar().session, calendar().next, calendar().previous):
        with pytest.raises(MarketError, match="1990-01-01 to 2099-12-31"):
            ask(day)
    with pytest.raises(MarketError, match="1990-01-01 to 2099-12-31"):
        calendar().session_of(new_york(day, time(12)))


def test_there_is_nothing_before_the_first_nor_after_the_last_session() -> None:
    with pytest.raises(MarketError, match="1990-01-01 to 2099-12-31"):
        calendar().previous(FIRST_DAY)
    with pytest.raises(MarketError, match="1990-01-01 to 2099-12-31"):
        calendar().next(LAST_DAY)
