"""The flow of a session a second time: plain, slow, in pure Python, from the text of the model.

It remembers every trade and adds all of them up anew when asked. A cancelled trade is struck from
the list; nothing is ever subtracted.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from engine.made_trades import CLOSE, CONTRACTS, MINUTE, OPEN, SECOND, TOTALS, Made
from zerodte.constants import OPENING_SHARE, SIDE_ERROR
from zerodte.records.condition import Condition

NOT_SIGNED = {Condition.STOCK_OPTION, Condition.CROSS, Condition.LATE, Condition.OPENING}
QUOTE_RULES = {"AT_ASK", "AT_BID", "ABOVE_MID", "BELOW_MID", "EMPTY_BID"}


@dataclass
class Kept:
    """A trade with what was found out about it."""

    made: Made
    side: int
    rule: str
    signed: int

    @property
    def dollars(self) -> tuple[int, int] | None:
        """Signed delta and gamma dollars; None where greeks are unknown."""
        m = self.made
        delta = self.side * self.signed * 100 * m.delta * m.spot
        gamma = self.side * self.signed * 100 * m.gamma * m.spot * m.spot * 0.01
        return (round(delta), round(gamma)) if math.isfinite(delta + gamma) else None

    def errors(self) -> tuple[int, int]:
        """Weight and deviation of a signed contract, in hundredths."""
        kind = "quote" if self.rule in QUOTE_RULES else self.rule.lower()
        e = SIDE_ERROR[kind]
        return round(100 / (1 - 2 * e)), round(100 * math.sqrt(4 * e * (1 - e)) / (1 - 2 * e))


@dataclass
class FlowTwin:
    """A session's trades."""

    multi_leg_weight: float = 0.0
    kept: dict[int, Kept] = field(default_factory=dict)
    prices: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    others: Counter[str] = field(default_factory=Counter)

    def take(self, number: int, made: Made) -> tuple[int, int, str]:
        """Take a record; its side, its customer's side and what decided."""
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
        share = self.multi_leg_weight if made.condition == Condition.MULTI_LEG else 1
        self.kept[number] = Kept(made, side, rule, round(share * made.size) if side else 0)
        if made.condition not in NOT_SIGNED | {Condition.MULTI_LEG}:
            self.prices[made.position].append((number, made.price))
        return side, customer, rule

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
            weight, deviation = kept.errors() if kept.side else (0, 0)
            out["net_bought"][m.position] += kept.side * kept.signed * weight
            rest = 100 * (m.size - kept.signed)
            clusters[m.position, m.at // MINUTE] += kept.signed * deviation + rest
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
