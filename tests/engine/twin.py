"""The model of one chain at one instant, a second time: plain, slow, in pure Python.

Written from the text of the model alone, one definition after the other. It shares no line and no
constant with the package; where the two agree, one reading of the text is confirmed.
"""

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.twin_pricing import (
    Greeks,
    Quote,
    between,
    bisect,
    black,
    d1_of,
    greeks_of,
    gross,
    held,
    max_pain,
    net,
    pdf,
    spread_pct,
    top,
    traded,
    usable,
)
from engine.twin_surface import TwinSurface

#: Section 5: the eight moves of http.md.
MOVES: Final = {
    "spot_up_10bp": 0.001,
    "spot_down_10bp": -0.001,
    "spot_up_25bp": 0.0025,
    "spot_down_25bp": -0.0025,
    "spot_up_half_pct": 0.005,
    "spot_down_half_pct": -0.005,
    "spot_up_1pct": 0.01,
    "spot_down_1pct": -0.01,
}
#: Trial spots of the flip's scan: far finer than the package's.
SCAN: Final = 1201


def others(values: list[float], n: int) -> list[float]:
    """All but one."""
    return values[:n] + values[n + 1 :]


@dataclass(frozen=True)
class Twin(TwinSurface):
    """Everything the model says of one chain."""

    # Section 5: exposures by strike as (call, put).

    def _dollars(self, greek: Callable[[Greeks], float]) -> list[tuple[float, float]]:
        """Greek x OI x 100 x S."""
        return [
            (
                greek(call) * held(row.call) * 100 * self.spot,
                greek(put) * held(row.put) * 100 * self.spot,
            )
            for row, (call, put) in zip(self.rows, self.greeks, strict=True)
        ]

    @cached_property
    def gex(self) -> list[tuple[float, float]]:
        """Per 1% move, calls plus, puts minus."""
        per_percent = self.spot * 0.01
        return [
            (call * per_percent, -put * per_percent)
            for call, put in self._dollars(lambda g: g.gamma)
        ]

    @cached_property
    def dex(self) -> list[tuple[float, float]]:
        """Dollars."""
        return self._dollars(lambda g: g.delta)

    @cached_property
    def vex(self) -> list[tuple[float, float]]:
        """Per volatility point."""
        return [(c * 0.01, p * 0.01) for c, p in self._dollars(lambda g: g.vanna)]

    @cached_property
    def chex(self) -> list[tuple[float, float]]:
        """Per session day; unknown in the last minute."""
        per_day = 1 / 252 if self.when.hours_left >= 1 / 60 else math.nan
        return [(c * per_day, p * per_day) for c, p in self._dollars(lambda g: g.charm)]

    @cached_property
    def charm_hour(self) -> list[tuple[float, float]]:
        """Dollars per hour: n(d1) d2 / 2 times h; unknown in the last minute."""
        h = self.when.next_hour * self.when.tau if self.when.hours_left >= 1 / 60 else math.nan
        return [(c * h, p * h) for c, p in self._dollars(lambda g: g.charm)]

    @cached_property
    def net_gex(self) -> float:
        """Dollars per 1% move."""
        return net(self.gex)

    @cached_property
    def gross_gex(self) -> float:
        """Sum over contracts."""
        return gross(self.gex)

    @cached_property
    def net_by_strike(self) -> list[float]:
        """Net GEX by strike."""
        return [call + put for call, put in self.gex]

    @cached_property
    def net_theta(self) -> float:
        """Minus the extrinsic value of all contracts."""
        return -math.fsum(
            black(self.forward, row.strike, self.when.tau, vol, row.strike >= self.forward)
            * (held(row.call) + held(row.put))
            * 100
            for row, vol in zip(self.rows, self.smile, strict=True)
        )

    def book_delta(self, spot: float) -> float:
        """The convention book's delta in shares, repriced at a trial spot."""
        forward = spot * self.forward / self.spot
        total = []
        for row, vol in zip(self.rows, self.smile, strict=True):
            call = greeks_of(forward, row.strike, self.when.tau, vol, call=True).delta
            total.append(100 * (call * held(row.call) - (call - 1) * held(row.put)))
        return math.fsum(total)

    @property
    def sigma_moves(self) -> dict[str, float]:
        """One remaining sigma either way, as fractions of spot."""
        return {"spot_up_1sd": self.s / self.spot, "spot_down_1sd": -self.s / self.spot}

    @cached_property
    def hedges(self) -> dict[str, float]:
        """Shares at each move."""
        here = self.book_delta(self.spot)
        return {
            name: -(self.book_delta(self.spot * (1 + move)) - here)
            for name, move in {**MOVES, **self.sigma_moves}.items()
        }

    @property
    def convexity(self) -> float:
        """Second difference of net GEX over the three strikes nearest spot."""
        order = sorted(range(len(self.rows)), key=lambda n: abs(self.rows[n].strike - self.spot))
        (x0, y0), (x1, y1), (x2, y2) = (
            (self.rows[n].strike, self.net_by_strike[n]) for n in sorted(order[:3])
        )
        return 2 * ((y2 - y1) / (x2 - x1) - (y1 - y0) / (x1 - x0)) / (x2 - x0)

    # Section 6: levels.

    def gex_at(self, spot: float) -> tuple[float, float]:
        """GEX of calls and of puts at a trial spot, sticky by strike, both without sign."""
        forward = spot * self.forward / self.spot
        calls = puts = 0.0
        for strike, deviation, call, put in self._book:
            gamma = pdf(d1_of(forward, strike, deviation)) / (forward * deviation)
            calls += gamma * call
            puts += gamma * put
        return calls * spot * spot, puts * spot * spot

    @cached_property
    def _book(self) -> list[tuple[float, float, float, float]]:
        """Strike, deviation, calls and puts held, where any are."""
        root_tau = math.sqrt(self.when.tau)
        return [
            (row.strike, vol * root_tau, held(row.call), held(row.put))
            for row, vol in zip(self.rows, self.smile, strict=True)
            if held(row.call) or held(row.put)
        ]

    def net_at(self, spot: float, put_scale: float = 1.0) -> float:
        """Net GEX at a trial spot, dollars per 1% move."""
        calls, puts = self.gex_at(spot)
        return calls - put_scale * puts

    @cached_property
    def _scan(self) -> list[tuple[float, float, float]]:
        reach = max(0.03 * self.spot, 4 * self.s)
        trials = [self.spot - reach + 2 * reach * n / (SCAN - 1) for n in range(SCAN)]
        return [(trial, *self.gex_at(trial)) for trial in trials]

    def roots(self, put_scale: float = 1.0) -> list[float]:
        """Every sign change within reach, nearest spot first."""
        if put_scale not in self._roots:
            self._roots[put_scale] = self._find_roots(put_scale)
        return self._roots[put_scale]

    @cached_property
    def _roots(self) -> dict[float, list[float]]:
        return {}

    def _find_roots(self, put_scale: float) -> list[float]:
        net = [(x, calls - put_scale * puts) for x, calls, puts in self._scan]
        net = [(x, value) for x, value in net if value != 0]
        found = [
            bisect(lambda x: self.net_at(x, put_scale), a, b)
            for (a, at_a), (b, at_b) in itertools.pairwise(net)
            if (at_a > 0) != (at_b > 0)
        ]
        return sorted(found, key=lambda root: abs(root - self.spot))

    @cached_property
    def flip(self) -> tuple[float | None, str]:
        """The flip, None unless its status is available."""
        if not self.covered:
            return None, "insufficient_local_coverage"
        if not self.sound:
            return None, "insufficient_quote_quality"
        roots = self.roots()
        if not roots:
            return None, "no_boundary"
        for scale in (0.9, 1.1):
            moved = self.roots(scale)
            if not moved or abs(moved[0] - roots[0]) > 0.5 * self.s:
                return None, "sensitive_root"
        return roots[0], "available"

    @property
    def delicate(self) -> bool:
        """Whether a scan of 240 steps may miss what this one sees.

        Two roots within a step of it or as near to spot as each other, or a move within a
        hundredth of a sigma of what is allowed.
        """
        step = (self._scan[-1][0] - self._scan[0][0]) / 240
        found = [sorted(self.roots(scale)) for scale in (1.0, 0.9, 1.1)]
        if any(b - a < step for roots in found for a, b in itertools.pairwise(roots)):
            return True
        away = [sorted(abs(root - self.spot) for root in roots)[:2] for roots in found]
        if any(len(pair) == 2 and pair[1] - pair[0] < step for pair in away):
            return True
        root, *moved = (self.roots(scale)[:1] for scale in (1.0, 0.9, 1.1))
        moves = (abs(m[0] - root[0]) for m in moved if m and root)
        return any(abs(move - 0.5 * self.s) < 0.01 * self.s for move in moves)

    @property
    def covered(self) -> bool:
        """On either side two of the three nearest out-of-the-money quotes are usable.

        A strike at spot belongs to the calls, as in the smile.
        """
        above = [row.call for row in self.rows if row.strike >= self.spot and row.call]
        below = [row.put for row in reversed(self.rows) if row.strike < self.spot and row.put]
        return self.fresh and all(sum(map(usable, side[:3])) >= 2 for side in (above, below))

    @property
    def sound(self) -> bool:
        """60% of the quotes around spot are usable."""
        return self.quoted_share >= 0.6

    @property
    def few_disagree(self) -> bool:
        """Whether two to nine quotes make the smile, and one is far off the others' line."""
        strikes = sorted(self.quoted)
        logs = [math.log(self.quoted[strike]) for strike in strikes]
        return 1 < len(strikes) < 10 and any(
            abs(own - between(strike, others(strikes, n), others(logs, n)))
            > (0.6 if n in (0, len(strikes) - 1) else 0.25)
            for n, (strike, own) in enumerate(zip(strikes, logs, strict=True))
        )

    @property
    def quoted_share(self) -> float:
        """The share of usable quotes within one sigma, or at three strikes a side."""
        above = [row for row in self.rows if row.strike >= self.spot][:3]
        below = [row for row in self.rows if row.strike < self.spot][-3:]
        near = [
            row
            for row in self.rows
            if abs(row.strike - self.spot) <= self.s or row in above or row in below
        ]
        quotes = [quote for row in near for quote in (row.call, row.put) if quote]
        return sum(map(usable, quotes)) / len(quotes) if self.fresh else 0.0

    @cached_property
    def call_wall(self) -> tuple[float, float, float]:
        """Strike, GEX there, share of the call side."""
        return self._wall([call for call, _ in self.gex])

    @cached_property
    def put_wall(self) -> tuple[float, float, float]:
        """Likewise, GEX negative."""
        strike, value, share = self._wall([-put for _, put in self.gex])
        return strike, -value, share

    @property
    def side_call_wall(self) -> tuple[float, float]:
        """Strike and GEX of the largest call GEX not below spot."""
        gex = {row.strike: call for row, (call, _) in zip(self.rows, self.gex, strict=True)}
        return max(((k, v) for k, v in gex.items() if k >= self.spot), key=lambda pair: pair[1])

    @property
    def side_put_wall(self) -> tuple[float, float]:
        """Strike and GEX of the most negative put GEX not above spot."""
        gex = {row.strike: put for row, (_, put) in zip(self.rows, self.gex, strict=True)}
        return min(((k, v) for k, v in gex.items() if k <= self.spot), key=lambda pair: pair[1])

    def _wall(self, side: Sequence[float]) -> tuple[float, float, float]:
        at = max(range(len(side)), key=lambda n: side[n])
        return self.rows[at].strike, side[at], side[at] / math.fsum(side)

    @cached_property
    def magnet(self) -> tuple[float, float]:
        """Strike of the largest |net GEX|, and its signed net."""
        at = max(range(len(self.rows)), key=lambda n: abs(self.net_by_strike[n]))
        return self.rows[at].strike, self.net_by_strike[at]

    @property
    def max_pain(self) -> float | None:
        """Dollars."""
        return max_pain(self.rows)

    @cached_property
    def highest_oi(self) -> tuple[float, float]:
        """Strike and open interest."""
        best = max(self.rows, key=lambda row: held(row.call) + held(row.put))
        return best.strike, held(best.call) + held(best.put)

    @property
    def cluster_score(self) -> float:
        """100 exp(-m / s)."""
        levels = [self.magnet[0], self.highest_oi[0], self.call_wall[0], self.put_wall[0]]
        levels += [level for level in (self.flip[0], self.max_pain) if level is not None]
        centre = statistics.median(levels)
        m = statistics.fmean(abs(level - centre) for level in levels)
        return 100 * math.exp(-m / self.s)

    @property
    def regime(self) -> str:
        """The sign of net GEX, where flip and quotes let it be claimed; none was refused."""
        if self.flip[1] == "sensitive_root" or self.quoted_share < 0.25:
            return "unknown"
        return "positive_gamma" if self.net_gex > 0 else "negative_gamma"

    # Section 7: pin.

    @property
    def pin(self) -> dict[str, float]:
        """The components and their weighted sum."""
        by_strike = [held(row.call) + held(row.put) for row in self.rows]
        d = self.spot - self.magnet[0]
        share = abs(self.magnet[1]) / math.fsum(map(abs, self.net_by_strike))
        out = {
            "oi": 100 * min(1.0, top(by_strike, 3) / 0.45),
            "proximity": 100 * math.exp(-((d / self.s) ** 2) / 2),
            "time": 100 * (self.when.length - self.when.left) / self.when.length,
            "gamma": 100 * min(1.0, share / 0.35),
        }
        weights = {"oi": 0.30, "proximity": 0.25, "time": 0.25, "gamma": 0.20}
        counted = weights if self.magnet[1] >= 0 else ["proximity"]
        return {**out, "score": sum(weights[name] * out[name] for name in counted)}

    # Sections 13 and 14: small definitions, quality.

    @property
    def skew_25d(self) -> float | None:
        """Put minus call volatility, percent points."""
        sides = []
        for right, target in ((1, -0.25), (0, 0.25)):
            gaps = [abs(pair[right].delta - target) for pair in self.greeks]
            at = min(range(len(gaps)), key=lambda n: gaps[n])
            if gaps[at] > 0.20:
                return None
            sides.append(self.smile[at])
        return 100 * (sides[0] - sides[1])

    @property
    def quotes(self) -> list[tuple[float, Quote]]:
        """Listed contracts with their strikes."""
        return [(row.strike, q) for row in self.rows for q in (row.call, row.put) if q]

    @property
    def data_quality(self) -> float:
        """Without trades no side is known; spot agrees with parity."""
        near = [q for strike, q in self.quotes if abs(strike - self.spot) <= 2 * self.s]
        good = sum(map(usable, near)) / len(near) if self.fresh else 0.0
        if "insufficient" in self.flip[1]:
            good *= 0.5
        return 100 * self.known_oi * (0.4 * good + 0.2 * self.fresh + 0.2)

    @property
    def known_oi(self) -> float:
        """The share of open interest that is known by gamma, of the side that is known less.

        Zero at every strike of a side is not knowledge.
        """
        shares = []
        for right in (0, 1):
            side = [
                (pair[right].gamma, quote)
                for pair, row in zip(self.greeks, self.rows, strict=True)
                if (quote := (row.call, row.put)[right])
            ]
            whole = math.fsum(gamma for gamma, _ in side)
            some = any(quote.oi for _, quote in side)
            known = math.fsum(gamma for gamma, quote in side if quote.oi is not None)
            shares.append(known / whole if some and whole else 0.0)
        return min(shares)

    @property
    def fresh_pct(self) -> float:
        """Listed contracts whose quote counts."""
        return 100 * sum(usable(quote) for _, quote in self.quotes) / len(self.quotes)

    @property
    def smoothness(self) -> float | None:
        """Of the quoted smile: what is interpolated between quotes is smooth by itself."""
        vols = list(self.quoted.values())
        if len(vols) < 3:
            return None
        second = [abs(a - 2 * b + c) for a, b, c in zip(vols, vols[1:], vols[2:], strict=False)]
        return 100 * math.exp(-statistics.fmean(second) / 0.02)

    @property
    def atm_spread_pct(self) -> float | None:
        """Spread over mid, mean of call and put, percent."""
        row = self.rows[self.atm]
        if not (usable(row.call) and usable(row.put)):
            return None
        return statistics.fmean(spread_pct(quote) for quote in (row.call, row.put))

    @property
    def execution(self) -> float | None:
        """70 for the spread, 30 for the open interest."""
        if self.atm_spread_pct is None:
            return None
        row = self.rows[self.atm]
        contracts = held(row.call) + held(row.put)
        return 70 * math.exp(-self.atm_spread_pct / 5) + 30 * min(1.0, contracts / 5_000)

    def weighted_spread_pct(self, strike_range: float = 0.03) -> float:
        """Open-interest-weighted, within a fraction of spot."""
        within = [
            q
            for strike, q in self.quotes
            if abs(strike - self.spot) <= strike_range * self.spot and usable(q)
        ]
        return sum(spread_pct(q) * held(q) for q in within) / sum(map(held, within))

    # Section 13's flow ratios.

    @property
    def volume(self) -> tuple[float, float]:
        """Calls, puts."""
        return sum(traded(row.call) for row in self.rows), sum(traded(r.put) for r in self.rows)

    @property
    def oi(self) -> tuple[float, float]:
        """Calls, puts."""
        return sum(held(row.call) for row in self.rows), sum(held(row.put) for row in self.rows)

    @property
    def atm_volume_pct(self) -> float:
        """Within half a percent of spot."""
        near = (r for r in self.rows if abs(r.strike - self.spot) <= 0.005 * self.spot)
        return 100 * sum(traded(r.call) + traded(r.put) for r in near) / sum(self.volume)

    @property
    def top3_volume_pct(self) -> float:
        """The three busiest strikes."""
        return 100 * top([traded(row.call) + traded(row.put) for row in self.rows], 3)
