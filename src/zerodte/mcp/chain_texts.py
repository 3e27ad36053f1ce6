"""What a snapshot tells a model: brief, levels, setups, probabilities, quality."""

from collections.abc import Iterator

from zerodte.client import NoZeroDte, SessionClosed, Snapshot
from zerodte.mcp.text import MODEL_NOTE, facts, figure, joined
from zerodte.wire.calibration import Calibration
from zerodte.wire.decision import (
    PinProbability,
    Probabilities,
    RangeProbability,
    Setup,
    SetupEntry,
)
from zerodte.wire.health import Health

_MOST_WARNINGS = 8


def absence_text(answer: NoZeroDte | SessionClosed) -> str:
    """What an answer without a chain says."""
    following = ""
    if isinstance(answer, NoZeroDte):
        following = f"Next same-day expiry: {figure(answer.next_zero_dte_expiry)}."
    else:
        following = f"Last session: {figure(answer.last_session)}."
    return joined(
        [
            (
                f"{answer.symbol} as of {figure(answer.as_of)}, source {figure(answer.source)}: "
                f"{figure(answer.message)}"
            ),
            following,
            "Without a chain there is no data quality to speak of.",
            MODEL_NOTE,
        ]
    )


def head_lines(snapshot: Snapshot) -> Iterator[str]:
    """What every text about a snapshot begins with: source, age, quality, what is a model."""
    yield (
        f"{snapshot.symbol} as of {figure(snapshot.as_of)}, expiry {figure(snapshot.expiration)}, "
        f"source {figure(snapshot.source)}, spot {figure(snapshot.underlying_price)} dollars, "
        f"hours to the close {figure(snapshot.time_to_close_hours)}."
    )
    if (metadata := snapshot.metadata) is not None:
        yield (
            f"Age: newest record {figure(metadata.snapshot_age_seconds)} seconds before that. "
            f"Data quality score: {figure(metadata.data_quality_score)} (higher is better)."
        )
    yield MODEL_NOTE
    for warning in (snapshot.warnings or [])[:_MOST_WARNINGS]:
        yield f"Warning: {warning}"


def brief_text(snapshot: Snapshot) -> str:
    """The moment in short."""
    return joined(_brief(snapshot))


def _brief(snapshot: Snapshot) -> Iterator[str]:
    yield from head_lines(snapshot)
    if (headline := snapshot.headline) is not None:
        yield f"Headline ({headline.trade_angle}, {headline.severity}): {headline.narrative}"
    if (regime := snapshot.regime) is not None:
        yield f"Regime: {facts(regime, 'label', 'since', 'strength')}. {regime.description}"
        yield f"Flip: {facts(regime, 'gamma_flip', 'gamma_flip_status', 'spot_vs_flip')}."
    yield (
        f"Exposures: {facts(snapshot.exposures, 'net_gex', 'net_dex', 'net_vex', 'net_chex')} "
        "(dollars; GEX per one-percent move)."
    )
    move = ("remaining_1sd_dollars", "lower_bound", "upper_bound", "straddle_price", "atm_iv")
    yield f"Expected move to the close: {facts(snapshot.expected_move, *move)}."
    yield f"Walls: {facts(snapshot.levels, 'call_wall', 'put_wall')}."
    if (pin := snapshot.pin_risk) is not None:
        yield f"Pin: {facts(pin, 'magnet_strike', 'pin_score', 'max_pain')}. {pin.description}"
    if (hedging := snapshot.hedging) is not None:
        for way, after in (("up", hedging.spot_up_1sd), ("down", hedging.spot_down_1sd)):
            trade = facts(after, "direction", "notional_usd")
            yield f"If spot goes {way} one sigma, dealers' hedging: {trade} (dollars)."
    if (inventory := snapshot.dealer_inventory) is not None:
        book = ("net_gex", "net_gex_low", "net_gex_high", "regime", "agrees")
        yield f"Inventory inferred from trades, with its interval: {facts(inventory, *book)}."
    if (direction := snapshot.flow_direction) is not None:
        yield f"Flow since the open: {direction.description}"
    if snapshot.setup is not None and snapshot.setup.primary is not None:
        yield f"Setup: {snapshot.setup.primary.display_name}, see the tool setups."


def levels_text(snapshot: Snapshot) -> str:
    """The strikes that matter, in dollars."""
    levels, regime, pin = snapshot.levels, snapshot.regime, snapshot.pin_risk
    walls = [
        f"{side} walls: {facts(levels, f'{name}_wall', f'{name}_wall_gex')}; "
        f"{facts(levels, f'{name}_wall_2', f'{name}_wall_2_gex')}; "
        f"{facts(levels, f'{name}_wall_3', f'{name}_wall_3_gex')}; "
        f"on its own side of spot {facts(levels, f'side_{name}_wall')}."
        for side, name in (("Call", "call"), ("Put", "put"))
        if levels is not None
    ]
    strikes = ("highest_oi_strike", "highest_oi_total", "max_positive_gamma", "max_negative_gamma")
    return joined(
        [
            *head_lines(snapshot),
            *walls,
            "Flip: "
            + facts(regime, "gamma_flip", "gamma_flip_status", "distance_to_flip_sigmas")
            + ".",
            f"Magnet: {facts(pin, 'magnet_strike', 'magnet_gex', 'distance_to_magnet_pct')}.",
            f"Max pain: {facts(pin, 'max_pain')}.",
            f"Strikes: {facts(levels, *strikes)}.",
            f"One sigma: {facts(snapshot.expected_move, 'lower_bound', 'upper_bound')}.",
        ]
    )


def setups_text(snapshot: Snapshot) -> str:
    """The setup that stands, the others, and what to avoid, each with its reasons."""
    return joined([*head_lines(snapshot), *_setup_lines(snapshot.setup)])


def _setup_lines(setup: Setup | None) -> Iterator[str]:
    if setup is None:
        yield "The server gives no setups."
        return
    yield from _entry("Primary", setup.primary)
    yield f"It stands since {figure(setup.since)}."
    if setup.waits_for is not None:
        yield f"It waits for: {setup.waits_for} (nearest setup: {figure(setup.nearest)})."
    for entry in setup.alternatives or []:
        yield from _entry("Alternative", entry)
    for entry in setup.anti_setups or []:
        yield from _entry("Avoid", entry)


def _entry(role: str, entry: SetupEntry | None) -> Iterator[str]:
    if entry is None:
        return
    yield f"{role}: {entry.display_name}, confidence {entry.confidence}. {figure(entry.thesis)}"
    if entry.conditions_met:
        yield f"  For it: {'; '.join(entry.conditions_met)}"
    if entry.conditions_failed:
        yield f"  Against it: {'; '.join(entry.conditions_failed)}"
    if (hint := entry.strikes_hint) is not None:
        legs = ("short_call_strike", "short_put_strike", "long_call_strike", "long_put_strike")
        yield f"  Strikes: {facts(hint, *legs)}"
    if (money := entry.economics) is not None:
        costs = ("credit_at_mid", "max_profit", "max_loss", "probability_of_profit")
        yield f"  Per share: {facts(money, *costs, 'expected_value')}"


def probabilities_text(snapshot: Snapshot, calibration: Calibration | None) -> str:
    """Where the close is likely to be, and what that rests on."""
    chances = _chance_lines(snapshot.probabilities)
    return joined([*head_lines(snapshot), *chances, *_evidence_lines(calibration)])


def _chance_lines(chances: Probabilities | None) -> Iterator[str]:
    if chances is None:
        yield "The server gives no probabilities."
        return
    yield "Probabilities are fractions, physical unless named otherwise."
    yield f"Close at the magnet: {_chance(chances.pin)}"
    yield f"Close within one sigma: {_chance(chances.range_1sigma)}"
    yield f"Close within two sigmas: {_chance(chances.range_2sigma)}"
    if chances.pin is not None:
        yield f"Inputs of the pin: {figure(chances.pin.inputs_summary)}"
    if chances.close is not None:
        law = facts(chances.close, "p05", "p25", "p50", "p75", "p95")
        yield f"Quantiles of the close, dollars: {law}"
    if chances.touch_1sigma is not None:
        touch = facts(chances.touch_1sigma, "low", "high")
        yield f"Touch of one sigma before the close: {touch}"


def _evidence_lines(calibration: Calibration | None) -> Iterator[str]:
    if calibration is None:
        yield "Evidence: the server gives no calibration."
        return
    yield f"Evidence: {facts(calibration, 'method', 'version', 'sessions')}."
    if (fit := calibration.fit) is None:
        yield "There is no calibration file; the scale is the published premium alone."
        return
    yield f"Fitted on: {facts(fit, 'fitted_on', 'first', 'last', 'sessions')}."
    for score in fit.scores or []:
        against = facts(score, "forecast", "rival", "brier", "rival_brier", "verdict")
        yield f"Score, walk-forward: {against}."


def _chance(chance: PinProbability | RangeProbability | None) -> str:
    if chance is None:
        return "unknown"
    text = facts(chance, "value", "low", "high", "risk_neutral", "calibration_method", "sessions")
    if isinstance(chance, PinProbability):
        text += ", " + facts(chance, "base_rate")
    if chance.interval is not None:
        text += f", interval {figure(chance.interval[0])} to {figure(chance.interval[1])}"
    return text


def quality_text(snapshot: Snapshot, health: Health) -> str:
    """How far to trust the answers about a symbol."""
    names = (
        *("chain_contract_count", "greek_smoothness_score", "spot_source", "quotes_fresh_pct"),
        *("classified_volume_pct", "oi_as_of", "model_version"),
    )
    feeds = (
        *("equity_feed", "equity_options_feed", "index_feed", "index_options_feed"),
        *("flow_feed", "oi_feed"),
    )
    metadata = snapshot.metadata
    rules = (metadata.volume_by_rule or {}) if metadata is not None else {}
    return joined(
        [
            *head_lines(snapshot),
            f"Measures: {facts(metadata, *names)}.",
            f"Last arrivals: {facts(snapshot.data_as_of, *feeds)}.",
            "Contracts by the rule of their side: "
            + ", ".join(f"{name} {figure(count)}" for name, count in rules.items()),
            f"Server: {health.status}. {' '.join(health.reasons or ())}",
            *(f"Server warning: {warning}" for warning in (health.warnings or ())),
        ]
    )
