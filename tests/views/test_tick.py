"""What a tick says of a symbol: the snapshot's figures of its instant, and how old they are."""

from session.day import ask
from session.usual import heard
from views.days import read
from zerodte.views.stream import symbol_tick


def test_a_tick_is_the_snapshot_of_its_instant() -> None:
    day = heard()
    for clock, age in (("12:00", 0.0), ("12:00:07", 7.0)):
        day.session.advance(day.time(clock))
        said = symbol_tick(day.session, "SPX")
        assert said is not None
        tick, snapshot = read(said), ask(day.session)
        assert tick["spot"] == snapshot["underlying_price"]
        assert tick["net_gex"] == snapshot["exposures"]["net_gex"]
        assert tick["data_quality_score"] == snapshot["metadata"]["data_quality_score"]
        assert tick["snapshot_age_seconds"] == snapshot["metadata"]["snapshot_age_seconds"] == age
