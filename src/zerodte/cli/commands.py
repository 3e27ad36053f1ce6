"""All commands. Their modules, and what these need, are imported when they are called."""

import click

import zerodte
from zerodte.cli.group import CommandGroup, LazyCommand

_COMMANDS = {
    "serve": LazyCommand(
        "zerodte.cli.serve:serve_command", "Serve a tape or stored sessions over HTTP."
    ),
    "demo": LazyCommand("zerodte.cli.serve:demo_command", "Serve a simulated market over HTTP."),
    "simulate": LazyCommand(
        "zerodte.cli.simulate:simulate_command", "Simulate sessions as tapes, with their truth."
    ),
    "feed": LazyCommand(
        "zerodte.cli.feed:feed_command", "Send a tape as a live feed to every client."
    ),
    "live": LazyCommand(
        "zerodte.cli.live:live_command", "Record a live feed and serve it over HTTP."
    ),
    "work": LazyCommand(
        "zerodte.cli.work:work_command", "Own symbols of a stream, and answer for them."
    ),
    "fetch": LazyCommand(
        "zerodte.cli.fetch:fetch_command", "Fetch finished sessions from a vendor as tapes."
    ),
    "replay": LazyCommand(
        "zerodte.cli.replay:replay_command", "Replay a tape and print a summary of its day."
    ),
    "import": LazyCommand(
        "zerodte.cli.imports:import_group", "Convert recorded data of other formats to a tape."
    ),
    "evaluate": LazyCommand(
        "zerodte.cli.evaluate:evaluate_command", "Score estimates against simulated truth."
    ),
    "calibrate": LazyCommand(
        "zerodte.cli.calibrate:calibrate_command", "Measure how far closes have moved."
    ),
    "sessions": LazyCommand(
        "zerodte.cli.sessions:sessions_command", "List the finished sessions of a history."
    ),
    "levels": LazyCommand(
        "zerodte.cli.levels:levels_command",
        "Write the levels of a session as a script for TradingView, or as CSV.",
    ),
    "verify": LazyCommand(
        "zerodte.cli.verify:verify_command", "Check every byte of tapes against their manifests."
    ),
    "rules": LazyCommand(
        "zerodte.cli.session_settings:rules_command", "Print the rules of setups and severity."
    ),
    "keys": LazyCommand(
        "zerodte.cli.keys:keys_group", "Create, list, rotate and revoke the keys of a server."
    ),
    "mcp": LazyCommand(
        "zerodte.cli.mcp:mcp_command", "Offer a running server to a language model."
    ),
    "alerts": LazyCommand(
        "zerodte.cli.alerts:alerts_group", "Check a file of alerts, and try its targets."
    ),
    "config": LazyCommand(
        "zerodte.cli.configuration.show:config_group",
        "Show the settings in force, and where they come from.",
    ),
    "doctor": LazyCommand(
        "zerodte.cli.doctor.command:doctor_command",
        "Say what is wrong here, and what to do about it.",
    ),
}


@click.group(
    cls=CommandGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(zerodte.__version__, prog_name="zerodte")
def main() -> None:
    """Serve, record and replay 0DTE options flow: regime, levels, exposures, hedging."""
