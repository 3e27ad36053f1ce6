"""Where an instant stands in its session, and how far a chain's expiry is from it."""

from zerodte.engine.instant import Clock
from zerodte.market.calendar import Calendar, TradingSession
from zerodte.market.contracts import Chain
from zerodte.pricing.clock import (
    elapsed_minutes,
    next_hour_share,
    remaining_variance_share,
    tau_years,
)

_MINUTES_AN_HOUR = 60.0


def clock_at(now: int, session: TradingSession, chain: Chain, calendar: Calendar) -> Clock:
    """The trading clock of a chain at `now`.

    A later expiry adds whole sessions to what is left of today; an AM-settled one ends before
    its own day's session.

    Args:
        now: UTC ns.
        session: The session that `now` belongs to.
        chain: Its expiry is not before the session's date.
        calendar: Gives the sessions between.
    """
    length = session.minutes
    elapsed = elapsed_minutes(now, session.open, session.close)
    after = calendar.sessions_between(session.date, chain.expiry)
    minutes_after = calendar.minutes_between(session.date, chain.expiry)
    if chain.am_settled:
        last = calendar.session(chain.expiry)
        minutes_after -= last.minutes if last and after else 0.0
    whole = after - 1 if chain.am_settled else after
    today = remaining_variance_share(elapsed, length)
    remaining = today + whole
    return Clock(
        now=now,
        tau=tau_years(now, session.open, session.close, after, am_settled=chain.am_settled),
        hours_left=(length - elapsed + minutes_after) / _MINUTES_AN_HOUR,
        elapsed_pct=100.0 * elapsed / length,
        remaining_share=remaining,
        next_hour_share=next_hour_share(elapsed, length) * today / remaining if today else 0.0,
    )
