"""`zerodte work`: a worker, which plays symbols of a stream and answers API nodes for them."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

import zerodte
from zerodte.cli.configuration.options import CONFIG, setting_option
from zerodte.cli.options import FOLDER, STREAM, Whole
from zerodte.cli.session_settings import session_options
from zerodte.cli.vendors import check_nats_extra, stream_symbols
from zerodte.history.history import History
from zerodte.logs import log, log_to_stderr
from zerodte.service.session_store import SessionStore
from zerodte.service.stage import Stage
from zerodte.session.settings import SessionSettings
from zerodte.tape.leftovers import temporary

#: What the folders of workers begin with.
_PREFIX = "zerodte-work-"


@click.command("work")
@click.option("--nats", "url", type=STREAM, required=True, help="The broker, nats://HOST:PORT.")
@click.option("--symbols", help="Own these alone, such as SPX,SPY; any without.")
@click.option("--most", type=Whole(1), help="Own so many symbols at most.")
@click.option(
    "--standby",
    is_flag=True,
    help="Follow all symbols without owning any, and own those whose worker is gone.",
)
@click.option(
    "--folder",
    type=FOLDER,
    help="Where records are kept while they are played, by default among the temporary files.",
)
@CONFIG
@setting_option("server.history")
@setting_option("server.log_level")
@session_options
def work_command(
    url: str,
    symbols: str | None,
    most: int | None,
    standby: bool,
    folder: Path | None,
    history: str | None,
    log_level: str | None,
    settings: SessionSettings,
) -> None:
    """Own symbols of the session that `zerodte live --publish` publishes, and answer for them.

    Any number of workers share a session. `zerodte serve --nats` asks them.
    """
    check_nats_extra()
    from zerodte.cluster.worker import Worker, WorkerPlan  # noqa: PLC0415  an extra's
    from zerodte.feeds.nats.link import shown_url  # noqa: PLC0415

    names = tuple(stream_symbols(symbols))
    if history:
        History(history)  # An unusable one is refused before anything is owned.

    def stage() -> Stage:
        return Stage(SessionStore(History(history)) if history else None, settings)

    with temporary(folder or Path(tempfile.gettempdir()), _PREFIX) as own:
        worker = Worker(url, WorkerPlan(names, most, standby), stage, own)
        role = "Standing by" if standby else "Working"
        click.echo(f"{role} for {shown_url(url)} as {worker.name}; Ctrl-C stops.")
        log_to_stderr(log_level)
        log("start", worker=worker.name, version=zerodte.__version__)
        # A signal is raised here, while the worker goes on to give back what it owns.
        with ThreadPoolExecutor(1, "worker") as pool:
            working = pool.submit(worker.run)
            try:
                working.result()
            finally:
                worker.stop()
        log("stop")
