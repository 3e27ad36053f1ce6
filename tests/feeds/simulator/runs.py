"""Simulations that run once for many tests, and their records."""

import datetime
import functools

import numpy as np

from zerodte.arrays import I64, Bool
from zerodte.feeds.simulator.columns import Block, Minute
from zerodte.feeds.simulator.names import names_of
from zerodte.feeds.simulator.random_streams import generator
from zerodte.feeds.simulator.seed_draw import FlowDraw, draw_flow
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.simulator.world import World
from zerodte.market.calendar import TradingSession, calendar
from zerodte.records.dbn import Records

WEDNESDAY = datetime.date(2025, 8, 6)


def session(date: datetime.date = WEDNESDAY) -> TradingSession:
    """A day's trading session."""
    found = calendar().session(date)
    assert found is not None
    return found


def simulation(*symbols: str, seed: int = 3, minutes: int | None = None) -> Simulation:
    """A simulation on the Wednesday."""
    return Simulation(session(), names_of(symbols), seed, minutes=minutes)


@functools.cache
def run_simulation(
    *symbols: str, seed: int = 3, minutes: int = 25
) -> tuple[Simulation, list[Block]]:
    """A simulation that has been played."""
    simulation_run = simulation(*symbols, seed=seed, minutes=minutes)
    return simulation_run, list(simulation_run.blocks())


@functools.cache
def first_minute(*symbols: str) -> tuple[World, Minute]:
    """A market and its first minute, nobody having traded."""
    world = World(session(), names_of(symbols), 3)
    return world, world.minute(np.zeros(len(world.listing.symbols), np.int64))


def flow_draw(seed: int = 3) -> FlowDraw:
    """What a seed draws of customers and dealers."""
    return draw_flow(generator(seed, WEDNESDAY, "flow"))


def rng(seed: int = 3) -> np.random.Generator:
    """A stream of chance."""
    return np.random.Generator(np.random.PCG64(seed))


def quotes(blocks: list[Block]) -> Records:
    """All quotes."""
    return np.concatenate([block.quotes[0].records for block in blocks])


def trades(blocks: list[Block]) -> Records:
    """All trades."""
    return np.concatenate([block.trades[0].records for block in blocks])


def truth(blocks: list[Block]) -> Records:
    """The truth of all trades."""
    return np.concatenate([block.trade_truth for block in blocks])


def conditions(blocks: list[Block]) -> I64:
    """The conditions of all trades."""
    found = [block.trades[0].conditions for block in blocks]
    return np.concatenate([some for some in found if some is not None]).astype(np.int64)


def is_on_tick(raw: I64, low: I64, high: I64) -> Bool:
    """Whether raw prices are whole ticks, in cents: low below 3 dollars, high from there on."""
    tick = np.where(raw < 3_000_000_000, low, high) * 10_000_000
    found: Bool = raw % tick == 0
    return found
