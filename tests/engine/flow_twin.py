"""The flow of a session a second time: plain, slow, in pure Python, from the text of the model.

It remembers every trade and adds all of them up anew when asked. A cancelled trade is struck from
the list; nothing is ever subtracted.
"""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.made_trades import CLOSE, CONTRACTS, MINUTE, OPEN, SECOND, TERMS, TOTALS, Made
from zerodte.constants import OPENING_SHARE
from zerodte.records.condition import Condition

NOT_SIGNED = {Condition.STOCK_OPTION, Condition.CROSS, Condition.LATE, Condition.OPENING}
QUOTE_RULES = {"AT_ASK", "AT_BID", "ABOVE_MID", "BELOW_MID"}
#: Which legs are bought together, by what a package is.
OPPOSITE, TOGETHER = (1, -1), (1, 1)


#: What a package's sign is worth below each strength.
STRENGTHS = [(0.3, 0.04), (0.6, 0.15), (1.0, 0.25), (math.inf, 0.28)]


def is_leg(m: Made) -> bool:
    """Whether a record may be the leg of a package."""
    is_trade = 0 < m.price < 10**9 and 0 < m.size <= 10_000_000 and m.cancels < 0
    return m.condition == Condition.MULTI_LEG and m.position >= 0 and is_trade


def pattern(legs: list[tuple[int, bool, int]]) -> tuple[int, ...] | None:
    """Which legs are bought if the first is; None where that cannot be told."""
    chains = {chain for _, _, chain in legs}
    if len(legs) == 2:
        (strike, right, _), (other, other_right, _) = legs
        if len(chains) == 2:
            return OPPOSITE if right == other_right else None
        if right != other_right:
            return TOGETHER
        return OPPOSITE if strike != other else None
    if len(legs) != 4 or len(chains) != 1:
        return None
    order = sorted(strike for strike, _, _ in legs)
    if not order[0] < order[1] <= order[2] < order[3]:
        return None
    wings = [strike in (order[0], order[3]) for strike, _, _ in legs]
    calls = [right for _, right, _ in legs]
    outside = sum(c for c, w in zip(calls, wings, strict=True) if w)
    if outside != sum(calls) - outside:
        return None
    return tuple(1 if wing else -1 for wing in wings)


@dataclass
class Kept:
    """A trade with what was found out about it."""

    made: Made
    side: int
    rule: str
    signed: int
    customer: int
    expected: float
    growth: int = 0  # hundredths of a contract

    @property
    def dollars(self) -> tuple[int, int] | None:
        """Signed delta and gamma dollars; None where greeks are unknown."""
        m = self.made
        delta = self.side * self.signed * 100 * m.delta * m.spot
        gamma = self.side * self.signed * 100 * m.gamma * m.spot * m.spot * 0.01
        return (round(delta), round(gamma)) if math.isfinite(delta + gamma) else None

    @property
    def customer_dollars(self) -> int:
        """Delta dollars that the customer is expected to have bought; 0 without greeks."""
        m = self.made
        dollars = self.customer * m.size * self.expected * 100 * m.delta * m.spot
        return 0 if self.dollars is None else round(dollars)

    @property
    def deviation(self) -> int:
        """Of a contract's error, in hundredths."""
        return round(100 * math.sqrt(1 - self.expected**2))


@dataclass
class FlowTwin:
    """A session's trades."""

    multi_leg_weight: float = 0.0
    terms: bool = False
    single_listed: bool = False
    official: Sequence[int] = (0,) * CONTRACTS
    kept: dict[int, Kept] = field(default_factory=dict)
    prices: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    others: Counter[str] = field(default_factory=Counter)
    taken: list[Made] = field(default_factory=list)
    before: dict[tuple[int, ...], tuple[int, int, list[Made]]] = field(default_factory=dict)

    def take_all(self, first: int, batch: Sequence[Made]) -> list[tuple[int, int, str]]:
        """Take records that come at once; each one's side, its customer's and what decided."""
        sides = self.packages(batch) if self.terms else {}
        return [
            self.take(first + place, made, sides.get(place, (0, 0.0)))
            for place, made in enumerate(batch)
        ]

    def packages(self, batch: Sequence[Made]) -> dict[int, tuple[int, float]]:
        """The customer's side of legs, and what it is worth, by place in the batch."""
        out: dict[int, tuple[int, float]] = {}
        for _, run in itertools.groupby(enumerate(batch), lambda item: self.part_of(*item)):
            legs = list(run)
            signs = pattern([TERMS[m.position] for _, m in legs if is_leg(m)])
            quoted = all(0 <= m.bid < m.ask and not m.stale for _, m in legs)
            if signs is None or not quoted or not OPEN + 5 * SECOND <= legs[0][1].at <= CLOSE:
                continue
            pairs = list(zip(signs, legs, strict=True))
            over = sum(sign * (2 * m.price - m.bid - m.ask) for sign, (_, m) in pairs)
            strength = abs(over) / math.sqrt(sum((m.ask - m.bid) ** 2 for _, m in legs))
            worth = next(w for most, w in STRENGTHS if strength < most)
            if over:
                turn = 1 if over > 0 else -1
                out |= {place: (turn * sign, worth) for sign, (place, _) in pairs}
        return out

    def part_of(self, place: int, m: Made) -> tuple[int, ...]:
        """What legs of one package have in common; no other record has it."""
        return (m.at, m.size) if is_leg(m) else (-1, place)

    def take(self, number: int, made: Made, leg: tuple[int, float]) -> tuple[int, int, str]:
        """Take a record; `leg` is its customer's side by its package, and what that is worth."""
        if made.position < 0:
            return 0, 0, "NONE"
        if made.cancels >= 0 or made.condition == Condition.CANCEL:
            rule = "CANCEL" if self.strike(made.cancels) else "CANCEL_UNMATCHED"
            self.others[rule] += 1
            return 0, 0, rule
        if not 0 < made.price < 10**9 or not 0 < made.size <= 10_000_000:
            self.others["DIRTY"] += 1
            return 0, 0, "DIRTY"
        side, rule, customer = self.judge(made)
        worth = self.worth(made, rule) if customer else 0.0
        if made.condition == Condition.MULTI_LEG:
            customer, worth = leg
        share = self.multi_leg_weight if made.condition == Condition.MULTI_LEG else 1
        signed = round(share * made.size) if side else 0
        self.taken.append(made)
        growth = self.growth_of(made)
        self.kept[number] = Kept(made, side, rule, signed, customer, worth, growth)
        if made.condition not in NOT_SIGNED | {Condition.MULTI_LEG}:
            self.prices[made.position].append((number, made.price))
        return side, customer, rule

    def chain(self, position: int) -> list[int]:
        """The contracts that expire with one."""
        if not self.terms:
            return list(range(CONTRACTS))
        return [p for p in range(CONTRACTS) if TERMS[p][2] == TERMS[position][2]]

    def growth_of(self, made: Made) -> int:
        """What a trade that was just taken opens, in hundredths of its contracts.

        Nothing that its second has brought counts but the trade itself.
        """
        second, own, chain = made.at // 10**9, (made.position,), tuple(self.chain(made.position))
        for of in (own, chain):
            if of not in self.before or self.before[of][0] != second:
                self.before[of] = second, sum(map(self.held, of)), self.taken[:-1]
        (_, held, earlier), (_, held_of_all, earlier_of_all) = self.before[own], self.before[chain]
        if not held_of_all:
            return 100
        traded = self.pace(own, [*earlier, made]), self.pace(chain, [*earlier_of_all, made])
        closing = 0.5 * (traded[1] / traded[0]) * (held / held_of_all)
        return round(100 * (1 - 2 * min(closing, 1)))

    def held(self, position: int) -> int:
        """What may be closed, in ten thousandths of a contract: half of the morning's, and more."""
        grown = sum(
            k.growth * k.made.size for k in self.kept.values() if k.made.position == position
        )
        return max(5_000 * self.official[position] + 43 * grown, 0)

    @staticmethod
    def pace(positions: Sequence[int], taken: Sequence[Made]) -> float:
        """Contracts traded of late: a trade counts half after five minutes, however it ended."""
        pace, at = 0.0, 0
        for made in taken:
            if made.position in positions:
                minute = made.at // MINUTE
                gone = max(minute - at, 0)
                pace = pace * (0.5 ** (gone / 5) if gone < 100 else 0.0) + made.size
                at = max(minute, at)
        return pace

    def growth(self) -> list[float]:
        """Contracts opened less closed, by contract."""
        out = [0] * CONTRACTS
        for kept in self.kept.values():
            out[kept.made.position] += kept.growth * kept.made.size
        return [hundredths / 100 for hundredths in out]

    def strike(self, number: int) -> bool:
        """Strike a trade from the list; its price too while it is the last."""
        kept = self.kept.pop(number, None)
        if kept is None:
            return False
        prices = self.prices[kept.made.position]
        if prices and prices[-1][0] == number:
            prices.pop()
        return True

    def judge(self, m: Made) -> tuple[int, str, int]:
        """Side, rule and customer's side."""
        for forbids, reason in (
            (m.condition in NOT_SIGNED, "CONDITION"),
            (m.condition == Condition.MULTI_LEG and not self.multi_leg_weight, "MULTI_LEG"),
            (m.at < OPEN + 5 * SECOND or m.at > CLOSE, "OUTSIDE_SESSION"),
            (m.stale, "STALE"),
            (not m.ask, "NO_QUOTE"),
            (not m.bid and m.price < m.ask, "EMPTY_BID_UNSIGNED"),
            (m.bid >= m.ask, "CROSSED_OR_LOCKED"),
        ):
            if forbids:
                return 0, reason, 0
        if not m.bid:
            return 1, "EMPTY_BID", 1
        side, rule = self.by_price(m)
        if m.size == m.bid_size and m.size != m.ask_size:
            return side, rule, 1
        if m.size == m.ask_size and m.size != m.bid_size:
            return side, rule, -1
        return side, rule, side

    def worth(self, m: Made, rule: str) -> float:
        """The expected side of the customer."""
        if m.bid and (m.size == m.bid_size) != (m.size == m.ask_size):
            return 0.6 if self.single_listed else 0.3
        return 0.46 if rule in QUOTE_RULES else {"DEPTH": 0.2, "TICK": 0.12}.get(rule, 0.0)

    def by_price(self, m: Made) -> tuple[int, str]:
        """The rules in their order."""
        mid = (m.bid + m.ask) / 2
        earlier = [price for _, price in self.prices[m.position] if price != m.price]
        for speaks, side, rule in (
            (m.price >= m.ask, 1, "AT_ASK"),
            (m.price <= m.bid, -1, "AT_BID"),
            (m.price > mid, 1, "ABOVE_MID"),
            (m.price < mid, -1, "BELOW_MID"),
            (m.ask_size > m.bid_size, 1, "DEPTH"),
            (m.ask_size < m.bid_size, -1, "DEPTH"),
            (bool(earlier) and m.price > earlier[-1], 1, "TICK"),
            (bool(earlier) and m.price < earlier[-1], -1, "TICK"),
        ):
            if speaks:
                return side, rule
        return 0, "NO_RULE"

    def totals(self) -> dict[str, list[float]]:
        """Every total by contract, added up from the list."""
        out: dict[str, list[float]] = {name: [0] * CONTRACTS for name in TOTALS}
        clusters: Counter[tuple[int, int]] = Counter()
        for kept in self.kept.values():
            m = kept.made
            out["bought"][m.position] += kept.signed if kept.side > 0 else 0
            out["sold"][m.position] += kept.signed if kept.side < 0 else 0
            out["unsigned"][m.position] += m.size - kept.signed
            delta, gamma = kept.dollars or (0, 0)
            out["unpriced"][m.position] += 0 if kept.dollars else kept.signed
            out["delta_dollars"][m.position] += delta
            out["gamma_dollars"][m.position] += gamma
            part = 13 * ((m.at - OPEN) // MINUTE) // ((CLOSE - OPEN) // MINUTE)
            out["opened"][m.position] += m.size * round(100 * OPENING_SHARE[max(0, min(part, 12))])
            expected = round(100 * kept.expected)
            out["net_bought"][m.position] += kept.customer * m.size * expected
            out["customer_dollars"][m.position] += kept.customer_dollars
            clusters[m.position, m.at // MINUTE] += m.size * kept.deviation
        for (position, _), deviation in clusters.items():
            out["variance"][position] += deviation**2
        for name, unit in (("opened", 100), ("net_bought", 100), ("variance", 10**4)):
            out[name] = [value / unit for value in out[name]]
        return out

    def records(self) -> Counter[str]:
        """How many records each rule decided."""
        return self.others + Counter(kept.rule for kept in self.kept.values())

    def volume(self) -> Counter[str]:
        """Contracts by rule, and by reason where they have no side."""
        out: Counter[str] = Counter()
        for kept in self.kept.values():
            out[kept.rule] += kept.signed
            is_multi_leg = kept.side and kept.made.condition == Condition.MULTI_LEG
            out["MULTI_LEG" if is_multi_leg else kept.rule] += kept.made.size - kept.signed
        return +out
