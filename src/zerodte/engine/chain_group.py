"""Several chains of a symbol taken together: exposures by strike, flip, levels, pin, regime.

Each figure is that of one chain (`zerodte.engine.state`) over the contracts of all of them, so a
group of one chain has the chain's own figures. Each is computed when it is first asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from zerodte.arrays import F64, I64, Bool
from zerodte.engine.arithmetic import zero_where_unknown
from zerodte.engine.chain_inputs import ChainInputs
from zerodte.engine.exposure import ChainExposures, exposures, held
from zerodte.engine.flip import Flip, FlipPart, gamma_flip_of_all
from zerodte.engine.hedging import Hedge, hedges
from zerodte.engine.jackknife import rests_on_single_quotes
from zerodte.engine.levels import ChainLevels, find_levels
from zerodte.engine.open_interest import MovedInterest
from zerodte.engine.pin import Pin, pin
from zerodte.engine.quality import known_share
from zerodte.engine.regime import FlowShift, Regime, flow_shift, moved_contracts, regime
from zerodte.engine.surface import Surface

_NAN = float("nan")
#: Without any quote that counts, where the flip would be is not even asked.
_NO_FLIP = Flip(_NAN, "insufficient_local_coverage", 0.0)


@dataclass(frozen=True, eq=False, slots=True)
class PricedChain:
    """A chain of a group.

    Attributes:
        instant: What is known of it.
        surface: Its forward, smile and greeks; None where no quote of it could be used.
        interest: How its open interest was moved since the morning.
    """

    instant: ChainInputs
    surface: Surface | None
    interest: MovedInterest

    @property
    def is_known(self) -> bool:
        """Whether some open interest is known of each side that is listed."""
        return bool(np.isfinite(held(self.instant.counted)).all())

    @property
    def sigma(self) -> float:
        """Dollars, of what remains; NaN without a surface, and where tau is at its floor."""
        if self.surface is None or self.instant.clock.is_floored:
            return _NAN
        return self.surface.sigma

    @property
    def atm_volatility(self) -> float:
        """Annual, of the smile at the forward; likewise."""
        if self.surface is None or self.instant.clock.is_floored:
            return _NAN
        return self.surface.atm_volatility

    def settled(self) -> "PricedChain":
        """The same chain on the morning's open interest."""
        return replace(self, instant=self.instant.settled())


@dataclass(frozen=True, eq=False)
class ChainGroup:
    """Chains of a symbol at one instant. Unknown figures are NaN.

    Attributes:
        chains: At least one, the nearest expiry first.
        spot: The underlying's price, dollars.
    """

    chains: tuple[PricedChain, ...]
    spot: float

    def settled(self) -> "ChainGroup":
        """The same chains on the morning's open interest."""
        return ChainGroup(tuple(chain.settled() for chain in self.chains), self.spot)

    # By strike

    @cached_property
    def strikes(self) -> F64:
        """Every strike of any chain, dollars, shape (n,), ascending."""
        return np.unique(np.concatenate([one.instant.chain.strikes for one in self.chains]))

    @cached_property
    def open_interest(self) -> F64:
        """Effective, contracts, shape (2, n); NaN where no contract of a strike is known."""
        return self._by_strike(lambda one: one.instant.effective)

    @cached_property
    def counted(self) -> F64:
        """What levels are made of, likewise: of the chains whose open interest is known."""
        known = [one for one in self.chains if one.is_known] or self.chains
        return self._by_strike(lambda one: one.instant.counted, known)

    @cached_property
    def volume(self) -> F64:
        """Traded today, contracts, shape (2, n), likewise."""
        return self._by_strike(lambda one: one.instant.volume)

    @cached_property
    def exposures(self) -> ChainExposures:
        """The sums over all chains; one that lacks a side's open interest adds nothing."""
        parts = [(one, found) for one, found in self._exposures if one.is_known] or self._exposures

        def total(name: str) -> float:
            return float(sum(getattr(found, name) for _, found in parts)) if parts else _NAN

        def column(name: str) -> F64:
            out = np.zeros((2, len(self.strikes))) if parts else self._unknown
            for one, found in parts:
                out[:, self._places(one)] += getattr(found, name)
            return out

        gex, net = column("gex"), total("net_gex")
        priced = [
            (one.instant, one.surface, one.instant.counted) for one, _ in parts if one.surface
        ]
        if rests_on_single_quotes(priced):
            net = _NAN
        return ChainExposures(
            gex=gex,
            dex=column("dex"),
            vex=column("vex"),
            chex=column("chex"),
            charm_hour=column("charm_hour"),
            net_gex=net,
            net_dex=total("net_dex"),
            net_vex=total("net_vex"),
            net_chex=total("net_chex"),
            net_theta=total("net_theta"),
            gross_gex=total("gross_gex"),
            net_by_strike=gex.sum(axis=0),
        )

    # What follows from it

    @cached_property
    def levels(self) -> ChainLevels:
        """Walls, magnet, max pain."""
        return find_levels(self.strikes, self.exposures, self.counted, self.spot)

    @cached_property
    def flip(self) -> Flip:
        """Gamma flip with its status; chains weigh by their gross GEX."""
        parts = [
            FlipPart(one.instant, one.surface, one.instant.counted, found.gross_gex)
            for one, found in self._exposures
            if one.surface is not None and found.gross_gex > 0.0
        ] or [
            FlipPart(one.instant, one.surface, one.instant.counted, 1.0)
            for one in self.chains
            if one.surface is not None
        ]
        return gamma_flip_of_all(parts, self.spot) if parts else _NO_FLIP

    @cached_property
    def pin(self) -> Pin:
        """The score of the magnet, by the nearest expiry's sigma and time."""
        near = self.nearest
        if near.surface is None:
            return Pin(*(_NAN,) * 6)
        sigma, elapsed = near.surface.sigma, near.instant.clock.elapsed_pct
        return pin(self.exposures, self.levels, self.counted, self.spot, sigma, elapsed)

    @cached_property
    def regime(self) -> Regime:
        """The sign of net GEX, where it may be claimed."""
        priced = [one for one in self.chains if one.surface is not None]
        if not priced:
            return "unknown"
        known = known_share(
            np.concatenate([one.instant.listed for one in priced], axis=1),
            np.concatenate([one.instant.official for one in priced], axis=1),
            np.concatenate([one.surface.greeks.gamma for one in priced if one.surface], axis=1),
        )
        refused = any(one.instant.quotes.has_refused for one in priced)
        live = self.exposures
        return regime(live.net_gex, live.gross_gex, known, self.flip, is_doubtful=refused)

    def hedges(self) -> dict[str, Hedge]:
        """What dealers trade at each move, by its name: the sum over all chains."""
        # A remaining sigma is an expiry's own, so there is no move of one for all.
        found = [
            hedges(
                one.surface,
                one.instant.clock.tau,
                one.instant.counted,
                self.spot,
                np.nan,
            )
            for one in self.chains
            if one.surface is not None and one.is_known
        ]
        sums: dict[str, Hedge] = {}
        for moves in zip(*found, strict=True):
            whole = sum(hedge.shares for hedge in moves)
            shares = _NAN if self.exposures.is_withheld else whole
            sums[moves[0].move] = Hedge(moves[0].move, shares, self.spot * shares)
        return sums

    def shift(self, settled: "ChainGroup") -> FlowShift:
        """What the day's trades did to net GEX; `settled` is this group on the morning's."""
        return flow_shift(
            settled.exposures.net_gex, self.exposures.net_gex, self._official, self._effective
        )

    # Counts

    @cached_property
    def nearest(self) -> PricedChain:
        """The first chain that has a surface; without any, the first."""
        return next((one for one in self.chains if one.surface is not None), self.chains[0])

    @property
    def listed(self) -> int:
        """Contracts of all chains."""
        return sum(int(one.instant.listed.sum()) for one in self.chains)

    @property
    def unpriced(self) -> int:
        """Chains of which no quote could be used."""
        return sum(one.surface is None for one in self.chains)

    @property
    def official(self) -> float:
        """Settled open interest of all chains, contracts; NaN where none is known."""
        return sum_of_known(self._official)

    @property
    def held(self) -> tuple[float, float]:
        """Effective open interest of calls and of puts; NaN for a side of which none is known."""
        calls, puts = self._effective
        return sum_of_known(calls), sum_of_known(puts)

    @property
    def moved(self) -> int:
        """Contracts whose open interest the day's trades moved."""
        return int(np.count_nonzero(moved_contracts(self._official, self._effective)))

    @property
    def simulated(self) -> float:
        """The same moved by the day's trades, below zero where it falls there."""
        return sum_of_known(np.array([one.interest.simulated for one in self.chains]))

    # Inside

    @cached_property
    def _exposures(self) -> list[tuple[PricedChain, ChainExposures]]:
        """Each chain that has a surface, with its own exposures."""
        return [
            (
                one,
                exposures(one.surface, one.instant.clock, one.instant.counted, self.spot),
            )
            for one in self.chains
            if one.surface is not None
        ]

    @cached_property
    def _official(self) -> F64:
        return np.concatenate([one.instant.official for one in self.chains], axis=1)

    @cached_property
    def _effective(self) -> F64:
        return np.concatenate([one.instant.effective for one in self.chains], axis=1)

    @property
    def _unknown(self) -> F64:
        return np.full((2, len(self.strikes)), np.nan)

    def _places(self, one: PricedChain) -> I64:
        places: I64 = np.searchsorted(self.strikes, one.instant.chain.strikes)
        return places

    def _by_strike(
        self, counts_of: Callable[[PricedChain], F64], chains: Sequence[PricedChain] = ()
    ) -> F64:
        out = np.zeros((2, len(self.strikes)))
        known: Bool = np.zeros(out.shape, np.bool_)
        for one in chains or self.chains:
            counts, places = counts_of(one), self._places(one)
            out[:, places] += zero_where_unknown(counts)
            known[:, places] |= np.isfinite(counts)
        return np.where(known, out, np.nan)


def sum_of_known(values: F64) -> float:
    """The sum of what is known; NaN when nothing is."""
    known = np.isfinite(values)
    return float(values[known].sum()) if known.any() else _NAN
