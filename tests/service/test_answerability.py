"""Health follows what can be answered: symbol by symbol, input by input."""

from pathlib import Path

import pytest

from runtime.local_market import ready
from session.made_tape import quotes, stock, trades, write
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.stage import Stage
from zerodte.wire.errors import ApiError
from zerodte.wire.health import Health
from zerodte.wire.snapshot import SnapshotQuery


def health_of(folder: Path, *, quoted: int, traded: int, priced: int) -> tuple[Health, str]:
    """Health at the end of a tape with so many seconds of each input, and the snapshot's code."""
    tape = write(
        folder,
        ("cbbo-1s", quotes("cbbo-1s", 10 * quoted, quoted, seed=1)),
        ("tcbbo", trades("tcbbo", 100, traded, seed=2)),
        ("bbo-1s", stock(priced)),
    )
    with ready(ReplayRunner(Stage(), [tape])) as market:
        try:
            market.answer(SnapshotQuery(symbol="ABC"))
        except ApiError as error:
            return market.health, error.code
        return market.health, ""


@pytest.mark.drill
def test_a_market_that_goes_on_is_healthy(tmp_path: Path) -> None:
    health, code = health_of(tmp_path, quoted=420, traded=400, priced=420)
    assert (health.status, health.reasons, health.warnings, code) == ("Healthy", (), (), "")


def test_trades_alone_are_not_healthy(tmp_path: Path) -> None:
    """Quotes and prices have stopped, so no snapshot can be given."""
    health, code = health_of(tmp_path, quoted=60, traded=240, priced=60)
    assert (health.status, code) == ("Unhealthy", "warming_up")
    assert health.reasons == ("ABC: no quote of today's chain can be used now",)


@pytest.mark.parametrize(
    ("traded", "priced", "said"),
    [(60, 420, "no option trades since 09:3"), (400, 90, "no prices of stocks since 09:31:30")],
)
def test_an_input_that_stopped_is_a_warning(
    tmp_path: Path, traded: int, priced: int, said: str
) -> None:
    health, code = health_of(tmp_path, quoted=420, traded=traded, priced=priced)
    assert (health.status, code) == ("Healthy", "")
    (warning,) = health.warnings
    assert warning.startswith(said)
