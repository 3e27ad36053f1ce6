"""What a trader reads first, through snapshots of scripted afternoons and of recorded days."""

import datetime
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from session.day import Day, ask, osi
from session.generated import priced, send
from session.recordings import SPX
from session.usual import heard, usual
from views.scripted import STRIKES, afternoon, at_the_end, heavy_calls_at, heavy_puts_at
from zerodte.decision.event import ScheduledEvent
from zerodte.importers.cboe_chain import import_chain
from zerodte.market.calendar import calendar
from zerodte.records.dbn import INDEX, OPRA
from zerodte.runtime.replay import replay
from zerodte.session.session import Session
from zerodte.session.settings import SessionSettings
from zerodte.tape.folder import open_tape
from zerodte.views.frame import Frame
from zerodte.views.snapshot import snapshot, snapshot_at
from zerodte.wire.decision import Headline, Probabilities, Setup
from zerodte.wire.snapshot import SnapshotQuery

PINNED = heavy_calls_at(500.0)


def day_with(settings: SessionSettings) -> Day:
    """A day whose decisions are told something."""
    day = Day()
    kinds = {OPRA: "options", INDEX: "index", "XNAS.ITCH": "equity"}
    day.session = Session(day.hours, calendar(), kinds, settings=settings)
    return day


def pinned(last: int, settings: SessionSettings | None = None, vol: float = 0.4) -> Session:
    """A quiet market at a heavy strike, from an hour before `last` (minute of the session)."""
    day = Day() if settings is None else day_with(settings)
    return at_the_end(
        afternoon(lambda minute: 500.2 + 0.05 * (minute % 2), last - 60, last, PINNED, vol, day)
    )


def quick_start(answer: dict[str, Any]) -> list[str]:
    """The five lines that the reference's first snippet prints, without a guard."""
    pin, ranges = answer["probabilities"]["pin"], answer["probabilities"]["range_1sigma"]
    return [
        answer["headline"]["narrative"],
        f"{answer['headline']['trade_angle']} / {answer['headline']['severity']}",
        "{display_name} ({confidence})".format_map(answer["setup"]["primary"]),
        f"pin {pin['value']:.0%} by {pin['calibration_method']}",
        f"{ranges['low']:.2f} to {ranges['high']:.2f}: {ranges['value']:.0%}",
    ]


def test_a_pin_into_the_close() -> None:
    answer = ask(pinned(330))
    primary = answer["setup"]["primary"]
    assert primary["name"] == "iron_fly"
    assert answer["headline"]["trade_angle"] == "pin_trade"
    assert primary["strikes_hint"]["short_call_strike"] == 500.0
    assert primary["strikes_hint"]["short_put_strike"] == 500.0
    assert "spot within 0.5 sigma of the magnet" in " ".join(primary["conditions_met"])
    assert all("by convention" in text for text in primary["conditions_met"] if "GEX pos" in text)
    assert answer["setup"]["since"] is not None
    anti = {entry["name"] for entry in answer["setup"]["anti_setups"]}
    assert "chase_breakout" in anti
    assert "iron_fly" not in anti
    assert answer["body"]["setup"] == answer["setup"]
    assert len(quick_start(answer)) == 5


def test_the_economics_of_the_hint_are_those_of_its_quotes() -> None:
    answer = ask(pinned(330))
    primary = answer["setup"]["primary"]
    hint, money = primary["strikes_hint"], primary["economics"]
    rows = {row["strike"]: row for row in answer["strikes"]}
    sold, call, put = rows[500.0], rows[hint["long_call_strike"]], rows[hint["long_put_strike"]]
    legs = [(sold, "call", -1), (sold, "put", -1), (call, "call", 1), (put, "put", 1)]
    natural = sum(
        -side * row[f"{right}_mid"] * (1.0 + side * row[f"{right}_spread_pct"] / 200.0)
        for row, right, side in legs
    )
    assert money["credit_at_natural"] == pytest.approx(natural, abs=1e-5)
    width = hint["long_call_strike"] - hint["long_put_strike"]
    assert money["width"] == pytest.approx(width / 2)
    assert money["max_loss"] == pytest.approx(width / 2 - natural)
    assert money["break_evens"] == pytest.approx([500.0 - natural, 500.0 + natural])
    assert 0.0 < money["probability_of_profit_priced"] < money["probability_of_profit"] < 1.0
    assert [touch["strike"] for touch in money["touch"]] == [500.0], "once, though it is sold twice"


def test_a_fly_that_pays_too_little_is_none() -> None:
    """A sigma is a quarter of a strike step: the wings lie four sigmas out, and risk far more."""
    setup = ask(pinned(374, vol=0.08))["setup"]
    assert setup["primary"]["name"] == "wait"
    assert setup["nearest"] == "iron_fly"
    assert setup["waits_for"].startswith("natural credit at least 30% of the fly's wing (")
    paid = " ".join(ask(pinned(330))["setup"]["primary"]["conditions_met"])
    assert "natural credit at least 30% of the fly's wing (" in paid


@pytest.mark.drill
def test_nothing_sells_premium_before_an_event() -> None:
    """The same afternoon with a statement at 14:30, shortly after it, and half an hour later."""
    day = Day()
    at = day.time("14:30")
    told = SessionSettings(events=(ScheduledEvent(at, "Rate decision"),))
    before, during, after = (ask(pinned(minute, told)) for minute in (290, 310, 335))
    for answer in (before, during):
        assert answer["setup"]["primary"]["name"] == "wait"
        assert answer["setup"]["waits_for"] == (
            "no scheduled event ahead or in the last 30 minutes (1)"
        )
    anti = {entry["name"] for entry in before["setup"]["anti_setups"]}
    assert {"short_premium_into_event", "naked_short_straddle"} <= anti
    assert "Rate decision at 14:30 New York" in before["warnings"]
    for answer in (before, during):
        assert "Scheduled: Rate decision at 14:30 New York." in answer["headline"]["narrative"]
    assert "Rate decision" not in after["headline"]["narrative"]
    assert after["setup"]["primary"]["name"] == "iron_fly"


def test_an_event_after_the_close_is_none_of_this_expiry() -> None:
    told = SessionSettings(events=(ScheduledEvent(Day().time("16:30"), "Earnings"),))
    assert ask(pinned(330, told))["setup"]["primary"]["name"] == "iron_fly"


def test_a_fly_and_the_warning_of_the_last_quarter_do_not_meet() -> None:
    """At exactly fifteen minutes, which is not less."""
    for session in afternoon(lambda _: 500.2, 315, 380, PINNED):
        setup = ask(session)["setup"]
        against = {entry["name"] for entry in setup["anti_setups"]}
        assert setup["primary"]["name"] == "wait" or "sell_the_close" not in against


def test_a_fly_goes_with_its_legs() -> None:
    """One sample after its wings have no offer it has nothing to trade."""
    day, answer = Day(), None
    for session in afternoon(lambda _: 500.2, 270, 330, PINNED, day=day):
        answer = ask(session)
    assert answer is not None
    assert answer["setup"]["primary"]["name"] == "iron_fly"
    rows = [
        row if abs(row.strike - 500.0) < 3.0 else row._replace(call=None, put=None)
        for row in priced(STRIKES, 500.2, 330, vol=0.4, oi=PINNED)
    ]
    none = {
        osi(right, strike): (None, None)
        for strike in STRIKES
        if abs(strike - 500.0) >= 3.0
        for right in "CP"
    }
    day.send("15:00:15", quotes=none)
    send(day, rows, "15:00:30", 500.2)
    setup = ask(day.session)["setup"]
    assert setup["primary"]["name"] == "wait"


@pytest.mark.parametrize("last", [390])
def test_a_fast_end_of_a_session_has_no_number_that_is_none(last: int) -> None:
    for session in afternoon(lambda minute: 500.2 + 4.0 * (minute % 2), 300, last, PINNED):
        assert "nan" not in json.dumps(ask(session))


def test_without_a_quote_the_pin_says_why_it_is_unknown() -> None:
    day = Day()
    at_the_end(afternoon(lambda _: 500.2, 300, 310, PINNED, day=day))
    none = {osi(right, strike): (None, None) for strike in STRIKES for right in "CP"}
    day.send("14:41:00", quotes=none, index={"SPX": 500.2})
    pin = ask(day.session)["probabilities"]["pin"]
    assert pin["value"] is None
    assert pin["inputs_summary"].endswith("unknown: no quote counts")


def test_no_warning_passes_for_an_event() -> None:
    """One that ends as an event's words do, when the event is over since the last sample."""
    event = ScheduledEvent(Day().time("14:30:10"), "Rate decision")
    day = day_with(SessionSettings(events=(event,)))
    day.session.note_imports({"SPX": ("times were taken to be New York",)})
    for session in afternoon(lambda _: 500.2, 325, 330, PINNED, day=day):
        assert "Scheduled: Rate decision at 14:30 New York." in narrative(session)
    # Half an hour and five seconds later.
    silent = day.send("15:00:15")
    assert "times were taken to be New York" in ask(silent)["warnings"]
    assert "Scheduled" not in narrative(silent)


def narrative(session: Session) -> str:
    text: str = ask(session)["headline"]["narrative"]
    return text


def test_the_rate_decisions_are_known() -> None:
    """2022-03-16 was one, 2022-03-23 was not."""
    session = heard().session
    assert not any("FOMC" in text for text in ask(session)["warnings"])
    day = Day(datetime.date(2022, 3, 16))
    rows = usual(elapsed=150)
    said = ask(send(day, rows, "12:00", 500.0, day.date).session)
    assert any("FOMC statement at 14:00" in text for text in said["warnings"])


@pytest.mark.drill
def test_a_still_market_changes_nothing() -> None:
    names = [
        ask(session)["setup"]["primary"]["name"]
        for session in afternoon(lambda _: 500.0, 250, 320, PINNED)
    ]
    turns = [one for one, other in zip(names[1:], names, strict=False) if one != other]
    assert len(turns) <= 1, turns


def test_a_trend_in_negative_gamma_is_no_market_to_fade() -> None:
    answer = ask(
        at_the_end(
            afternoon(
                lambda minute: 504.0 - 0.25 * max(0.0, minute - 240), 200, 270, heavy_puts_at(498.0)
            )
        )
    )
    assert answer["regime"]["label"] == "negative_gamma"
    anti = {entry["name"] for entry in answer["setup"]["anti_setups"]}
    assert {"naked_short_straddle", "fade_the_move"} <= anti
    assert answer["setup"]["primary"]["name"] in ("wait", "directional_breakout")


@pytest.mark.drill
def test_a_fly_at_another_strike_is_another_trade() -> None:
    """The magnet goes from 500 to 502: the setup begins anew, and speaks of what it sells."""
    day = Day()
    strikes: list[float] = []
    for oi in (heavy_calls_at(500.0), heavy_calls_at(502.0)):
        first = 280 if not strikes else 321
        for session in afternoon(lambda _: 500.9, first, first + 40, oi, day=day):
            answer = ask(session)
            primary = answer["setup"]["primary"]
            if primary["name"] != "iron_fly":
                continue
            strike = primary["strikes_hint"]["short_call_strike"]
            if not strikes or strikes[-1] != strike:
                strikes.append(strike)
                assert answer["setup"]["since"] == answer["as_of"]
            words = answer["headline"]["narrative"]
            assert f"of {strike:g}, where" in words
            assert f"sigma from {strike:g}" in words
    assert strikes == [500.0, 502.0]


def test_the_label_stands_until_the_other_sign_is_clear() -> None:
    """Puts outweigh calls more and more: the raw sign turns before the label does."""
    day, said = Day(), []
    for session in afternoon(lambda _: 500.0, 200, 205, heavy_calls_at(500.0, 300), day=day):
        del session
    for session in afternoon(lambda _: 500.0, 206, 216, heavy_puts_at(500.0, 600), day=day):
        answer = ask(session)
        said.append((answer["regime"]["label"], answer["exposures"]["net_gex"] > 0.0))
        stays = "the regime stays positive until" in answer["regime"]["description"]
        assert stays is (said[-1] == ("positive_gamma", False))
    raw = [positive for _, positive in said]
    assert not any(raw)
    assert [label for label, _ in said][:3] == ["positive_gamma"] * 3
    assert said[-1][0] == "negative_gamma"
    assert answer["regime"]["since"] > "2022-03-23T16:"
    assert answer["regime"]["strength"] > 0.08


def test_the_first_answer_of_a_session_has_all_blocks() -> None:
    """Nine seconds after the open there is no sample yet."""
    day = Day()
    answer = ask(
        send(day, priced(STRIKES, 500.0, 0, vol=0.4, oi=PINNED), "09:30:09", 500.0).session
    )
    assert len(quick_start(answer)) == 5
    assert answer["setup"]["primary"]["name"] == "wait"
    assert answer["headline"] == answer["headline"] | {
        "trade_angle": "low_signal", "severity": "info", "decided_at": None
    }  # fmt: skip


def test_the_last_answers_of_a_session_have_all_blocks() -> None:
    for session in afternoon(lambda _: 500.3, 384, 390, PINNED):
        answer = ask(session)
        assert len(quick_start(answer)) == 5
        assert answer["setup"]["primary"]["name"] == "wait"
        assert 0.0 <= answer["probabilities"]["pin"]["value"] <= 1.0
    assert (answer["setup"]["nearest"], answer["setup"]["waits_for"]) == (None, "the next session")
    assert answer["as_of"] == "2022-03-23T20:00:00Z"


def test_one_quote_is_enough_for_a_law_and_says_what_is_in_doubt() -> None:
    rows = [
        row._replace(
            call=row.call if row.strike == 502.0 else None,
            put=row.put if row.strike == 502.0 else None,
        )
        for row in usual()
        if row.strike in (500.0, 502.0, 504.0)
    ]
    answer = ask(heard(rows).session)
    assert "quotes=1" in answer["probabilities"]["pin"]["inputs_summary"]
    assert answer["setup"]["primary"]["name"] == "wait"


def test_without_open_interest_there_is_no_magnet_and_no_pin_but_ranges() -> None:
    rows = [
        row._replace(
            call=None if row.call is None else row.call._replace(oi=None),
            put=None if row.put is None else row.put._replace(oi=None),
        )
        for row in usual()
    ]
    answer = ask(heard(rows).session)
    pin = answer["probabilities"]["pin"]
    assert (pin["value"], pin["low"], pin["base_rate"], pin["interval"]) == (None,) * 4
    assert 0.7 < answer["probabilities"]["range_1sigma"]["value"] < 0.8
    assert answer["setup"]["primary"]["name"] == "wait"


def test_the_priced_range_is_the_flat_chains_own_normal() -> None:
    """At one volatility the law is lognormal: 0.683 and 0.954, to the width of the quotes."""
    said = ask(heard().session)["probabilities"]
    assert said["range_1sigma"]["risk_neutral"] == pytest.approx(0.683, abs=0.01)
    assert said["range_2sigma"]["risk_neutral"] == pytest.approx(0.954, abs=0.01)
    assert said["range_1sigma"]["value"] == pytest.approx(math.erf(1 / 0.87 / 2**0.5), abs=0.01)
    assert said["pin"]["sessions"] == 0
    close = said["close"]
    assert close["p05"] < close["p25"] < close["p50"] < close["p75"] < close["p95"]
    assert close["p50"] == pytest.approx(500.0, abs=0.3)
    ends, mass = np.array(close["prices"]), np.array(close["mass"])
    assert mass.sum() == pytest.approx(0.998, abs=1e-6)
    assert np.diff(ends) == pytest.approx(np.diff(ends)[0], rel=1e-3)
    below = 0.001 + np.concatenate(([0.0], mass.cumsum()))
    for name, level in (("p05", 0.05), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p95", 0.95)):
        assert np.interp(close[name], ends, below) == pytest.approx(level, abs=1e-3)


def test_the_references_methods_are_served_when_asked_for() -> None:
    answer = ask(pinned(330, SessionSettings(probabilities="reference")))
    said = answer["probabilities"]
    assert said["pin"]["calibration_method"] == "heuristic_v1"
    assert said["range_1sigma"]["calibration_method"] == "normal_cdf_v1"
    assert (said["range_1sigma"]["value"], said["range_2sigma"]["value"]) == (0.6827, 0.9545)
    assert said["pin"]["interval"] is None
    values = dict(
        part.split("=") for part in said["pin"]["inputs_summary"].split(" ") if "=" in part
    )
    hours = answer["time_to_close_hours"]
    distance = abs(answer["underlying_price"] - 500.0) / answer["underlying_price"]
    sigma = answer["expected_move"]["remaining_1sd_pct"] / 100.0
    share = answer["pin_risk"]["oi_concentration_top3_pct"] / 100.0
    expected = (
        math.exp(-distance / (sigma * (hours / 6.5) ** 0.5))
        * 1.2
        * (1.0 + min(max(share - 0.3, 0.0), 0.3))
    )
    assert said["pin"]["value"] == pytest.approx(min(expected, 0.95), rel=1e-5)
    assert values["regime"] == "positive_gamma"


def test_another_expiry_waits_and_is_left_as_priced() -> None:
    later = datetime.date(2022, 3, 25)
    day = Day()
    send(day, usual(), "12:00", 500.0)
    send(day, usual(), "12:00:30", 500.0, later)
    answer = ask(day.session, expiry=later)
    assert answer["setup"]["primary"]["name"] == "wait"
    assert answer["setup"]["waits_for"] == "not today's expiry"
    said = answer["probabilities"]["range_1sigma"]
    assert said["calibration_method"] == "density_v1"
    assert said["value"] == said["risk_neutral"]


def test_a_past_answer_has_the_decision_of_then_whatever_is_set_now() -> None:
    session = pinned(330, SessionSettings(probabilities="reference", events=()))
    then = snapshot(session, "replay", SnapshotQuery(symbol="SPX"))
    day = session.samples("SPX")
    at = session.now
    again = snapshot_at(Frame.past(day, "replay", "SPX", at), SnapshotQuery(symbol="SPX"))
    assert json.loads(again) == json.loads(then)
    assert b"heuristic_v1" in again


@pytest.mark.drill
def test_samples_of_before_there_were_decisions_say_so() -> None:
    session = pinned(330)
    day = session.samples("SPX")
    assert day is not None
    day.latches["method"] = -1
    answer = json.loads(
        snapshot_at(Frame.past(day, "replay", "SPX", session.now), SnapshotQuery(symbol="SPX"))
    )
    assert answer["setup"]["waits_for"] == "no decision was kept with this sample"
    assert answer["probabilities"]["pin"]["value"] > 0.0


@pytest.mark.drill
def test_a_recorded_chain_is_decided(recorded: Path, tmp_path: Path) -> None:
    import_chain(recorded / SPX, "2022-03-23T10:11", tmp_path / "tape")
    session = replay(open_tape(tmp_path / "tape"))
    answer = ask(session)
    assert len(quick_start(answer)) == 5
    pin = answer["probabilities"]["pin"]
    step = pin["high"] - pin["low"]
    assert step == 5.0
    assert pin["low"] < answer["pin_risk"]["magnet_strike"] < pin["high"]
    assert 0.03 < pin["risk_neutral"] < 0.09
    assert 0.67 < answer["probabilities"]["range_1sigma"]["risk_neutral"] < 0.73
    for name, shape in (("headline", Headline), ("setup", Setup), ("probabilities", Probabilities)):
        msgspec.convert(answer[name], shape)
