"""The commands of a live session: a feed for development, and a server that records a feed."""

from contextlib import closing
from pathlib import Path

import click

from zerodte.cli.configuration.options import CONFIG, plain_option, setting_options
from zerodte.cli.options import ADDRESS, FOLDER, Finite, Whole
from zerodte.cli.server_options import ServerOptions, server_options
from zerodte.cli.serving import serve
from zerodte.cli.session_settings import session_options
from zerodte.feeds.tcp_client import TcpFeed
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.runtime.live_runner import LiveRunner
from zerodte.service.stage import Stage
from zerodte.session.settings import SessionSettings
from zerodte.tape.folder import open_tape


@click.command("feed")
@click.argument("tape", type=FOLDER)
@click.option(
    "--speed",
    type=Finite(0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Play at this multiple of the wall clock.",
)
@plain_option("server.host")
@click.option(
    "--port",
    type=Whole(0, 65535),
    default=8018,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--no-resume",
    is_flag=True,
    help="Do not resume: clients that reconnect receive only new records.",
)
def feed_command(tape: Path, speed: float, host: str, port: int, no_resume: bool) -> None:
    """Send the tape in folder TAPE as a live feed to every client that connects."""
    feed = TcpFeedServer(open_tape(tape), speed, is_resumable=not no_resume, host=host, port=port)
    click.echo("Feed on {}:{}; Ctrl-C stops.".format(*feed.address))
    try:
        feed.run()
    except KeyboardInterrupt:
        pass
    finally:
        feed.stop()


@click.command("live")
@click.argument("feed", type=ADDRESS)
@CONFIG
@setting_options("live", required=["live.record"])
@server_options
@session_options
def live_command(
    feed: tuple[str, int],
    record: Path,
    server: ServerOptions,
    settings: SessionSettings,
) -> None:
    """Record the live feed at FEED and serve it over HTTP."""
    listener = server.listener()
    with closing(listener.socket):
        runner = LiveRunner(Stage(server.store(), settings), TcpFeed(*feed), record)
        for sentence in runner.recovery.sentences():
            click.echo(sentence)
        serve(runner, listener, f"recording to {runner.folder} ...", server)
