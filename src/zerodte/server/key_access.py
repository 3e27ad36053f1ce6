"""Access by key: who asks, whether the plan is high enough, what is left of the day.

A 200 or 304 to GET or HEAD counts; errors and OPTIONS do not. So an answer is counted when its
status is known and before its first byte is sent: what a client has received is counted whatever
happens afterwards, and the limit is checked where it is counted, in the store of keys, so no number
of concurrent requests gets past it. A limit that is known to be reached is refused before any work.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from zerodte.access.error import AccessError, KeyStoreError
from zerodte.access.key import KeyRecord
from zerodte.access.keyring import Keyring
from zerodte.access.plan import DEFAULT_PLANS, Plan, PlanTable
from zerodte.access.stream_tickets import StreamTicket, StreamTickets
from zerodte.access.usage import DAY_S, Usage, next_day
from zerodte.constants import SECOND
from zerodte.server.access import Admission
from zerodte.server.asgi import Headers, header
from zerodte.server.route import Route
from zerodte.wire.base import timestamp
from zerodte.wire.errors import ApiError, QuotaBody, TierBody, UnauthorizedBody

#: Seconds that an answer waits to be counted before it is given up.
_COMMIT_S: Final = 5.0
#: Seconds after which it is worth asking again when the store of keys does not work.
_RETRY_S: Final = 2
_UNLIMITED: Final = b"unlimited"
_OPEN: Final = Admission(None, "open", [], None)
_TICKET_HINT: Final = (
    "A ticket opens one stream, within 30 seconds; fetch a new one from /v1/stream-ticket."
)
_HINT: Final = "Send a valid key in the header X-Api-Key, or as the parameter apiKey."


@dataclass(slots=True)
class KeyAdmission(Admission):
    """The admission of a valid key.

    Attributes:
        access: Who admitted it.
        record: The key.
        tariff: Its plan.
        is_settled: Whether its answer is counted, or was refused to be.
    """

    access: "KeyAccess"
    record: KeyRecord
    tariff: Plan
    is_settled: bool = False

    @property
    def usage(self) -> Usage:
        """What the key has used of the day."""
        return self.access.usage(self.record, self.tariff)

    def settle(self) -> Awaitable[None] | None:
        """Count an answer: of an unlimited plan in memory, of a limited one in the store."""
        if self.is_settled:
            return None
        self.is_settled = True
        if self.tariff.daily_limit is None:
            self.access.count(self.record)
            return None
        return self.access.settle(self, self.tariff.daily_limit)

    def is_valid(self) -> bool:
        """Whether the key is neither revoked nor rotated."""
        return self.access.keyring.is_valid(self.record)


class KeyAccess:
    """Admits callers with a valid key whose plan includes the route.

    Args:
        keyring: The keys.
        routes: All routes; those that need a key name a plan of the table.
        plans: The plans.
        now: Tells the time in unix seconds.

    Raises:
        AccessError: A route requires a plan that is not in the table.
    """

    def __init__(
        self,
        keyring: Keyring,
        routes: Sequence[Route],
        plans: PlanTable = DEFAULT_PLANS,
        now: Callable[[], float] = time.time,
    ) -> None:
        if (route := route_without_plan(routes, plans)) is not None:
            raise AccessError(f"{route.path} requires the plan {route.plan}; add it to plans")
        self.keyring, self._plans, self._now = keyring, plans, now
        self._tickets = StreamTickets(now)
        self._tariffs = {plan.name: plan for plan in plans}
        self._unlimited: Headers = []
        self._reset = 0

    def admit(self, route: Route, query: Mapping[str, str], headers: Headers) -> Admission:
        """Admit the holder of a key; open routes admit everybody."""
        if route.plan == "open":
            return _OPEN
        if (fault := self.keyring.fault) is not None:
            raise _unavailable(fault)
        record = self._caller(route, query, headers)
        tariff = self._tariffs.get(record.plan) or _withdrawn(record.plan)
        now, limit = self._now(), tariff.daily_limit
        if not self._reset - DAY_S <= now < self._reset:
            self._reset = next_day(now)
            self._unlimited = _limits(Usage(0, None, self._reset))
        limits, is_used_up = self._unlimited, False
        if limit is not None:
            usage = Usage(self.keyring.answers(record.id), limit, self._reset)
            limits, is_used_up = _limits(usage), usage.remaining == 0
        admission = KeyAdmission(record.id, record.plan, limits, None, self, record, tariff)
        if not self._plans.includes(record.plan, route.plan):
            admission.refusal = self._tier_restricted(tariff, route)
        elif is_used_up:
            admission.refusal = self._quota_exceeded(tariff)
        return admission

    def usage(self, record: KeyRecord, tariff: Plan) -> Usage:
        """What a key has used of the day."""
        return Usage(self.keyring.answers(record.id), tariff.daily_limit, next_day(self._now()))

    def count(self, record: KeyRecord) -> None:
        """Count an answer of an unlimited plan."""
        self.keyring.count(record.id, self._reset // DAY_S - 1)

    async def settle(self, admission: KeyAdmission, limit: int) -> None:
        """Count an answer of a limited plan that is about to be sent.

        Raises:
            ApiError: The day's answers are used up, or the store does not work.
        """
        try:
            async with asyncio.timeout(_COMMIT_S):
                charge = self.keyring.charge(admission.record.id, limit)
                answers = await asyncio.wrap_future(charge)
        except KeyStoreError as error:
            raise _unavailable(error.reason) from error
        except TimeoutError as error:
            raise _unavailable("it does not respond") from error
        counted = limit if answers is None else answers
        admission.headers = _limits(Usage(counted, limit, next_day(self._now())))
        if answers is None:
            raise self._quota_exceeded(admission.tariff)

    def ticket(self, admission: Admission) -> StreamTicket:
        """A ticket that opens one stream for the caller's key."""
        digest = admission.record.digest if isinstance(admission, KeyAdmission) else b""
        return self._tickets.issue(digest)

    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the store of keys."""
        return self.keyring.warnings

    def _caller(self, route: Route, query: Mapping[str, str], headers: Headers) -> KeyRecord:
        """The valid key that a request carries; in the header it counts before a parameter."""
        sent = header(headers, b"x-api-key") or query.get("apiKey", "").encode(errors="replace")
        ticket = None if sent or route.media != "events" else query.get("ticket")
        if ticket is not None:
            key = self._tickets.redeem(ticket)
            record = None if key is None else self.keyring.record(key)
            if record is None:
                raise _unauthorized("Invalid ticket.", _TICKET_HINT)
        elif not sent:
            raise _unauthorized("No API key.", _HINT)
        elif (record := self.keyring.find(sent)) is None:
            raise _unauthorized("Invalid API key.", _HINT)
        if record.revoked is not None:
            raise _unauthorized("Revoked API key.", _HINT)
        return record

    def _tier_restricted(self, tariff: Plan, route: Route) -> ApiError:
        required = self._plans[route.plan].display_name
        message = f"This needs the {required} plan; your key has {tariff.display_name}."
        body = TierBody(message=message, current_plan=tariff.display_name, required_plan=required)
        return ApiError("tier_restricted", message, body=body)

    def _quota_exceeded(self, tariff: Plan) -> ApiError:
        limit = tariff.daily_limit or 0
        higher = self._plans.more_than(tariff.name)
        now = self._now()
        reset_at = timestamp(next_day(now) * SECOND)
        message = (
            f"The {tariff.display_name} plan has {limit:,} answers per UTC day, and they are used "
            f"up until {reset_at:%Y-%m-%dT%H:%M:%SZ}."
        )
        body = QuotaBody(
            message=message,
            current_plan=tariff.display_name,
            limit=limit,
            upgrade_to=UNSET if higher is None else higher.display_name,
            reset_at=reset_at,
        )
        retry_after = next_day(now) - int(now)
        return ApiError("quota_exceeded", message, body=body, retry_after=retry_after)


def route_without_plan(routes: Iterable[Route], plans: PlanTable) -> Route | None:
    """The first route that requires a plan which the table lacks, or None."""
    return next((r for r in routes if r.plan != "open" and r.plan not in plans), None)


def _withdrawn(plan: str) -> Plan:
    """A plan that keys still have, although the table no longer has it; it includes nothing."""
    return Plan(plan, plan.capitalize())


def _limits(usage: Usage) -> Headers:
    """The rate-limit headers of a usage."""
    limit = _UNLIMITED if usage.limit is None else b"%d" % usage.limit
    remaining = _UNLIMITED if usage.remaining is None else b"%d" % usage.remaining
    return [
        (b"x-ratelimit-limit", limit),
        (b"x-ratelimit-remaining", remaining),
        (b"x-ratelimit-reset", b"%d" % usage.reset),
    ]


def _unauthorized(detail: str, hint: str) -> ApiError:
    message = f"{detail} {hint}"
    return ApiError("unauthorized", message, body=UnauthorizedBody(detail=detail, message=message))


def _unavailable(reason: str) -> ApiError:
    return ApiError(
        "keys_unavailable",
        f"The server cannot use its key store: {reason}. Ask again in a moment, or its operator.",
        retry_after=_RETRY_S,
    )
