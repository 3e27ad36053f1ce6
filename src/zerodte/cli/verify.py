"""`zerodte verify`: reads every byte of tapes, and names what is damaged."""

from pathlib import Path

import click

from zerodte.cli.options import FOLDER
from zerodte.tape.compression import DBN_SUFFIXES
from zerodte.tape.folder import tapes_in
from zerodte.tape.tape_check import TapeCheck, check_tape


@click.command("verify")
@click.argument("tapes", metavar="TAPE...", type=FOLDER, nargs=-1, required=True)
@click.pass_context
def verify_command(context: click.Context, tapes: tuple[Path, ...]) -> None:
    """Check every byte of each tape in a folder TAPE against its manifest.

    TAPE may be a folder of tapes, too.
    """
    is_sound = True
    for tape in (one for folder in tapes for one in _tapes(folder)):
        check = check_tape(tape)
        if check.files:
            click.echo(f"{tape}: {_line(check)}")
        for sentence in check.damage:
            click.secho(sentence, fg="red", err=True)
        is_sound = is_sound and not check.damage
    if not is_sound:
        context.exit(1)


def _tapes(folder: Path) -> list[Path]:
    """The tapes in a folder, or itself: also where it has records beside the one tape in it."""
    found = tapes_in(folder, 1)
    if len(found) == 1 and any(
        file.name.endswith(DBN_SUFFIXES) and not file.is_relative_to(found[0])
        for file in folder.rglob("*")
    ):
        return [folder]
    return found or [folder]


def _line(check: TapeCheck) -> str:
    counts = f"{check.files:,} files, {check.size:,} bytes, {check.records:,} records"
    return "; ".join([counts, *check.unchecked, "damaged" if check.damage else "sound"])
