"""The expiration dates of a name's options: daily, weekly and monthly."""

import datetime

from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.world_parameters import DAYS_LISTED, MONTHS_LISTED
from zerodte.market.calendar import calendar

_DAY = datetime.timedelta(days=1)
_FRIDAY = 4
#: Weeks that contain all third Fridays that are listed, and one more.
_WEEKS = 5 * (MONTHS_LISTED + 1)


def expiries(name: Name, date: datetime.date) -> list[tuple[datetime.date, str]]:
    """A name's expiries from `date` on with their roots, by date.

    If a Friday has no session, options expire at the last session before it. Options that settle at
    today's opening are no longer listed.
    """
    days = {date} if name.daily else set()
    while name.daily and len(days) < DAYS_LISTED:
        days.add(calendar().next(max(days)).date)
    fridays = [date + _DAY * ((_FRIDAY - date.weekday()) % 7 + 7 * week) for week in range(_WEEKS)]
    ends = [calendar().previous(friday + _DAY).date for friday in fridays]
    months = [day for day in ends if is_monthly(day) and day > date][:MONTHS_LISTED]
    days |= {day for day in ends[: name.fridays] if day >= date}
    listings = {(day, name.root) for day in days | set(months)}
    if name.morning_root:
        listings |= {(day, name.morning_root) for day in months}
    return sorted(listings)


def ends_week(day: datetime.date) -> bool:
    """Whether a session is the last of its week, when weekly options expire."""
    return calendar().next(day).date.weekday() < day.weekday()


def is_monthly(day: datetime.date) -> bool:
    """Whether a session is the last of the week with a third Friday."""
    friday = day + _DAY * ((_FRIDAY - day.weekday()) % 7)
    return 15 <= friday.day <= 21 and ends_week(day)
