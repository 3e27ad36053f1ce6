"""All settings: what a row says here is said nowhere else."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from zerodte.cli.configuration.setting import Setting
from zerodte.cli.options import DATE, FOLDER, KEYS, Finite, Whole
from zerodte.cli.simulator_options import Symbols
from zerodte.constants import OPEN_INTEREST_METHOD
from zerodte.decision.probability import PROBABILITY_METHODS
from zerodte.engine.open_interest import METHODS
from zerodte.errors import ZerodteError
from zerodte.feeds.simulator.world_parameters import MOST_IMPACT
from zerodte.server.hosts import AllowedHosts
from zerodte.server.origins import AllowedOrigins

_FILE: Final = click.Path(path_type=Path)


class _CheckedText(click.ParamType[str]):
    """A text that something else checks; its error says what would be right.

    Args:
        name: What stands for it in help texts.
        check: Raises ZerodteError for a text that cannot be used.
    """

    def __init__(self, name: str, check: Callable[[str], object]) -> None:
        self.name = name
        self._check = check

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            self._check(str(value))
        except ZerodteError as error:
            self.fail(str(error), param, ctx)
        return str(value)


#: A host's name, or * for every name.
_HOST: Final = _CheckedText("NAME", lambda text: AllowedHosts("", [text]))
#: A page's origin, or * for every page.
_ORIGIN: Final = _CheckedText("ORIGIN", lambda text: AllowedOrigins([text]))


class _PublicUrl(click.ParamType[str]):
    """The URL of a server, without a path."""

    name = "URL"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value).removesuffix("/")
        try:
            url = urlsplit(text)
            is_whole = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
        except ValueError:
            is_whole = False
        if not is_whole or text != f"{url.scheme}://{url.netloc}" or "@" in url.netloc:
            self.fail(
                f"{value!r} is not the URL of a server; write one such as https://market.example",
                param,
                ctx,
            )
        return text


# fmt: off
SETTINGS: Final = (
    Setting("server.host", click.STRING, "127.0.0.1", "Address to listen on."),
    Setting("server.port", Whole(0, 65535), 8017, "Port to listen on; 0 picks a free one."),
    Setting("server.allow_host", _HOST, (),
            "Also answer requests for this host, such as a proxy's; repeatable, * for every name. "
            "Names of this machine's loopback and the address in --host are always answered.",
            several="repeat", reloads=True),
    Setting("server.public_url", _PublicUrl(), None,
            "URL at which clients reach a proxy in front of the server: shown on pages and in "
            "OpenAPI, and its host is answered."),
    Setting("server.history", click.STRING, None,
            "Store finished sessions under ROOT and answer for past ones from there: a folder or "
            "the URL of an object store.", "ROOT"),
    Setting("server.auth", click.Choice(["keys", "off"]), None,
            "Whether answers need a key; by default they do if server.keys is set."),
    Setting("server.keys", KEYS, None,
            "Require a key of this file, or of this NATS server for several servers, where zerodte "
            "keys creates them; where auth alone requires keys, by default "
            "~/.local/share/zerodte/keys.db."),
    Setting("server.open", click.BOOL, False,
            "Answer other machines although no key is required."),
    Setting("server.allow_origin", _ORIGIN, (),
            "Let pages of this origin read answers, such as https://desk.example; repeatable, "
            "* for every page.", several="repeat", reloads=True),
    Setting("server.alerts", click.Path(path_type=Path, dir_okay=False), None,
            "File of alerts: rules on what is answered, and the targets that their events are sent "
            "to.", "FILE"),
    Setting("server.alerts_state", click.Path(path_type=Path, dir_okay=False), None,
            "File of the events that wait and those that were sent, by default "
            "~/.local/share/zerodte/alerts.db.", "FILE"),
    Setting("server.log_level", click.Choice(["info", "warning", "error"]), None,
            "Log events of this level and above; by default info, on a terminal warning.",
            reloads=True),
    Setting("session.open_interest", click.Choice(sorted(METHODS, reverse=True)),
            OPEN_INTEREST_METHOD, "How the day's trades move open interest."),
    Setting("session.events", click.Path(exists=True, dir_okay=False, path_type=Path), None,
            "CSV file of scheduled events (date,time,name; New York): before one, no setup sells "
            "premium. The rate decisions of 2022 to 2027 are known without it.", "FILE"),
    Setting("session.probabilities", click.Choice(PROBABILITY_METHODS), PROBABILITY_METHODS[0],
            "How chances of the close are computed: from the chain, or by the reference's rules "
            "of thumb, for comparison."),
    Setting("session.calibration", _FILE, (),
            "A file of zerodte calibrate --out, for its symbol; repeatable.", "FILE",
            several="repeat"),
    Setting("serve.speed", Finite(0.0, min_open=True), None,
            "Replay from the open at this multiple of the wall clock. Without it the tape is read "
            "to its end at once."),
    Setting("live.record", FOLDER, None,
            "Folder of recordings; the session is recorded in a subfolder named after its date."),
    Setting("demo.date", DATE, None,
            "Date of the first session.  [default: today or the last session]"),
    Setting("demo.symbols", Symbols(), "SPY,SPX,QQQ,IWM",
            "Symbols to simulate, separated by commas.", several="commas"),
    Setting("demo.seed", Whole(0), 1, "Seed of the random market; each gives another one."),
    Setting("demo.impact", Finite(0.0, MOST_IMPACT), 0.0,
            "Strength with which dealers' hedging moves prices, 0 to 10."),
    Setting("demo.speed", Finite(0.0, min_open=True), 1.0,
            "Play at this multiple of the wall clock, after the first two hours."),
)
# fmt: on
BY_KEY: Final = {setting.key: setting for setting in SETTINGS}
BY_VARIABLE: Final = {setting.variable: setting for setting in SETTINGS}
SETTING_TABLES: Final = tuple(dict.fromkeys(setting.table for setting in SETTINGS))
