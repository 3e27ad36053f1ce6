"""The sentences of a snapshot: figures in words, for people and for language models."""

import math
from typing import Final, Literal, TypeAlias

from zerodte.constants import DWELL, LABEL_SHARE, MINUTE, SAMPLE_INTERVAL
from zerodte.engine.arithmetic import ratio
from zerodte.engine.exposure import ChainExposures
from zerodte.engine.flip import FlipStatus
from zerodte.engine.state import ChainState
from zerodte.wire.text import dollars, price

_UNKNOWN = dollars(math.nan)

NET_GEX_WITHHELD: Final = (
    "net GEX is withheld: quotes were refused or disagree, and it rests on single ones"
)
#: Why a regime is unknown whose net GEX is known.
_WITHHELD: Final[dict[FlipStatus, str]] = {
    "insufficient_local_coverage": "too few quotes count next to spot",
    "insufficient_quote_quality": "too few quotes count around spot",
    "sensitive_root": "a tenth more or less put open interest would move the flip far",
}
_CANCEL: Final = "calls and puts cancel"


#: For what a sign waits: for the next sample, or until it has lasted.
SignWait: TypeAlias = Literal["sample", "dwell"]


def regime(
    label: str, live: ChainExposures, status: FlipStatus, *, waits: SignWait | None = None
) -> str:
    """What the regime means for how the market moves.

    Args:
        label: The sign that stands, or unknown.
        live: The exposures that it is read from.
        status: Of the flip.
        waits: For what a sign waits that may be claimed and does not stand; None if none does.
    """
    net = dollars(live.net_gex)
    minutes = f"{DWELL * SAMPLE_INTERVAL / MINUTE:.0f} minutes"
    if live.is_withheld:
        stands = label.removesuffix("_gamma")
        held = "" if label == "unknown" else f"; the regime stays {stands} for {minutes} at most"
        return (
            "Net dealer gamma is withheld: quotes were refused or disagree, and it rests on "
            f"single ones{held}."
        )
    if net == _UNKNOWN:
        return (
            "Net dealer gamma is unknown: no open interest of calls, of puts, or of both is known."
        )
    if waits == "sample":
        return f"Net dealer gamma is {net} per 1% move; its sign is claimed at the next sample."
    if waits == "dwell":
        return (
            f"Net dealer gamma is {net} per 1% move; after a doubt its sign is claimed again only "
            f"when it has lasted {minutes}."
        )
    if label == "unknown":
        little = "too little open interest is known, or to be believed"
        why = _WITHHELD.get(status, _CANCEL if live.net_gex == 0.0 else little)
        return f"Net dealer gamma is {net} per 1% move, but its sign is not claimed: {why}."
    if (live.net_gex > 0.0) != (label == "positive_gamma"):
        stands = label.removesuffix("_gamma")
        return (
            f"Net dealer gamma is {net} per 1% move now; the regime stays {stands} until the other "
            f"sign has had {LABEL_SHARE:.0%} of gross for {minutes}."
        )
    share = abs(ratio(live.net_gex, live.gross_gex))
    if share < LABEL_SHARE:
        return (
            f"Net dealer gamma is {net} per 1% move, {share:.1%} of the gross: calls and puts "
            "nearly cancel, and a small error would turn its sign."
        )
    return {
        "positive_gamma": f"Net dealer gamma is {net} per 1% move: on the usual convention dealers "
        "sell rallies and buy dips, which dampens moves.",
        "negative_gamma": f"Net dealer gamma is {net} per 1% move: on the usual convention dealers "
        "buy rallies and sell dips, which feeds moves.",
    }[label]


def pin(state: ChainState) -> str:
    """Where the magnet is and how strongly it pulls."""
    magnet, score = state.levels.magnet.strike, state.pin.score
    if not math.isfinite(magnet) or not math.isfinite(score):
        return "No magnet: no open interest of calls, of puts, or of both is known."
    away = abs(state.spot.value - magnet) / state.sigma
    where = "" if math.isnan(away) else f", {away:.2f} remaining sigmas from spot"
    repels = "its net GEX is negative, so it repels: " if state.levels.magnet.value < 0.0 else ""
    return f"The magnet is {price(magnet)}{where}; {repels}the pin score is {score:.0f} of 100."


def charm(label: str | None, net_chex: float, *, is_over: bool) -> str:
    """What the passing of time makes dealers do.

    Args:
        label: As in the answer.
        net_chex: Dollars per session day.
        is_over: Whether less than a minute is left.
    """
    net = dollars(abs(net_chex))
    return {
        "time_decay_dealers_buy": f"As time passes dealers buy, at {net} per session day.",
        "time_decay_dealers_sell": f"As time passes dealers sell, at {net} per session day.",
        "neutral": "Charm of calls and puts nearly cancels: time alone moves dealers little.",
        None: (
            "Charm is unknown: less than a minute is left."
            if is_over
            else "Charm is unknown: no open interest is known."
        ),
    }[label]


def decay(state: ChainState) -> str:
    """How much premium is left to decay, and how fast."""
    theta, hours = state.exposures.net_theta, state.instant.clock.hours_left
    if not math.isfinite(theta):
        return "Decay is unknown: no open interest is known."
    rate = f", {dollars(-theta / hours)} an hour on average" if hours else ""
    return f"{dollars(-theta)} of extrinsic value decays in the {hours:.2g} hours left{rate}."


def volatility(state: ChainState) -> str:
    """Today's volatility beside next week's."""
    now, week = state.atm_volatility, state.anchor.volatility
    if math.isnan(now):
        return "Less than a minute is left: at-the-money volatility is unknown."
    text = f"At-the-money volatility is {100.0 * now:.1f}%"
    if not math.isfinite(week):
        return f"{text}; the tape has no expiry near seven days to compare it with."
    return f"{text}, {ratio(now, week):.2f} times that of the expiry nearest seven days."


def vanna(label: str | None, net_vex: float) -> str:
    """What a rise in volatility makes dealers do; net VEX in dollars per volatility point."""
    net = dollars(abs(net_vex))
    return {
        "vol_up_dealers_buy": f"A point more of volatility makes dealers buy {net}.",
        "vol_up_dealers_sell": f"A point more of volatility makes dealers sell {net}.",
        "neutral": "Vanna of calls and puts nearly cancels.",
        None: "Vanna is unknown: no open interest is known.",
    }[label]


def flow_direction(
    label: str | None, settled: float, live: float, *, is_withheld: bool = False
) -> str:
    """How far the day's trades have moved net gamma from the morning's (dollars per 1% move)."""
    if is_withheld:
        return "Net dealer gamma is withheld: what flow did to it is unknown."
    if math.isnan(live):
        return "Net dealer gamma is unknown, and so is what flow did to it."
    if math.isnan(settled):
        return "Net gamma on the morning's open interest is unknown: so is what flow did to it."
    if label is None:
        return "No trade has come: what flow did to net gamma is unknown."
    if label == "no_flow":
        return "No trade has moved open interest: live gamma is the settled one."
    return {
        "neutral": f"Today's trades moved net gamma little: {dollars(settled)} to {dollars(live)}.",
        "amplifying": f"Today's trades enlarged net gamma: {dollars(settled)} to {dollars(live)}.",
        "dampening": f"Today's trades shrank net gamma: {dollars(settled)} to {dollars(live)}.",
        "regime_flip": f"Today's trades turned net gamma: {dollars(settled)} to {dollars(live)}.",
    }[label]
