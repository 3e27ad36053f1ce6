"""The whole path against the twin: recorded chains and made-up ones, every figure of the model."""

import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from engine.agreement import assert_agree
from engine.cboe_files import Listed, half_days_between, sessions_between
from engine.twin import Twin
from engine.twin_pricing import When
from session.generated import Made, chains
from session.recordings import (
    SPX_DAY,
    SPX_ELAPSED,
    SPXW_DAY,
    SPXW_ELAPSED,
    spx_file,
    spx_session,
    spxw_file,
    spxw_session,
)
from zerodte.engine.state import ChainState
from zerodte.session.session import Session


def twin_of(file: Listed, root: str, expiry: datetime.date, today: datetime.date) -> Twin:
    """A chain of a recorded file; an AM root expires one session before its day's close."""
    elapsed = SPX_ELAPSED if today == SPX_DAY else SPXW_ELAPSED
    when = When(
        elapsed,
        sessions_after=sessions_between(today, expiry) - (root == "SPX"),
        half_days=half_days_between(today, expiry),
    )
    return Twin(file.chains[root, expiry], when, file.price)


def state_of(session: Session, expiry: datetime.date) -> ChainState:
    chain = session.chain("SPX", expiry)
    assert chain is not None
    assert chain.root == "SPXW"
    state = session.state(chain)
    assert state is not None
    return state


@pytest.mark.drill
@pytest.mark.parametrize("expiry", ["2022-03-23", "2022-03-25", "2022-03-30", "2022-06-17"])
def test_the_recorded_spx_chains_agree_with_the_twin(recorded: Path, expiry: str) -> None:
    day = datetime.date.fromisoformat(expiry)
    twin = twin_of(spx_file(recorded), "SPXW", day, SPX_DAY)
    assert_agree(state_of(spx_session(recorded), day), twin, rel=1e-9)


@pytest.mark.parametrize("expiry", ["2019-06-26", "2019-06-28", "2019-07-17", "2020-06-30"])
def test_the_recorded_spxw_chains_agree_with_the_twin(recorded: Path, expiry: str) -> None:
    """An end-of-day file: no volume, the underlying's quote, and at 15:45 hardly a bid left."""
    day = datetime.date.fromisoformat(expiry)
    twin = twin_of(spxw_file(recorded), "SPXW", day, SPXW_DAY)
    assert_agree(state_of(spxw_session(recorded), day), twin, rel=1e-9)


@pytest.mark.drill
def test_the_whole_symbol_is_the_sum_of_the_twins_of_all_chains(recorded: Path) -> None:
    """AM and PM roots, each on its own forward and smile and to its own settlement."""
    file, session = spx_file(recorded), spx_session(recorded)
    total = sum(twin_of(file, root, expiry, SPX_DAY).net_gex for root, expiry in file.chains)
    assert len({root for root, _ in file.chains}) == 2
    for expiry in (SPX_DAY, datetime.date(2022, 3, 25)):
        chain = session.chain("SPX", expiry)
        assert chain is not None
        for settled in (False, True):
            reading = session.reading(chain, settled=settled)
            assert reading is not None
            assert reading.total_net_gex == pytest.approx(total, rel=1e-9)


@pytest.mark.drill
def test_gamma_acceleration_is_measured_against_the_expiry_a_week_away(recorded: Path) -> None:
    file, state = spx_file(recorded), state_of(spx_session(recorded), SPX_DAY)
    today = twin_of(file, "SPXW", SPX_DAY, SPX_DAY)
    week = twin_of(file, "SPXW", datetime.date(2022, 3, 30), SPX_DAY)
    gammas = [twin.greeks[twin.atm][0].gamma for twin in (today, week)]
    assert state.gamma_acceleration == pytest.approx(gammas[0] / gammas[1], rel=1e-9)
    assert state.anchor.volatility == pytest.approx(week.atm_iv, rel=1e-9)


@pytest.mark.drill
@given(chains())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_made_up_chain_agrees_with_the_twin(made: Made) -> None:
    assume(not made.twin.delicate)
    state = made.state()
    if state.exposures.is_withheld:
        assert made.twin.few_disagree
    else:
        assert_agree(state, made.twin)
