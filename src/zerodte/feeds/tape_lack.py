"""What a tape that is there lacks of a session that could be fetched."""

from collections.abc import Sequence
from pathlib import Path

from zerodte.feeds.universe import expiries_of
from zerodte.market.calendar import TradingSession
from zerodte.tape.error import TapeError
from zerodte.tape.folder import Tape, open_tape
from zerodte.tape.sidecars import Commit, read_commits


def lack_of_tape(
    folder: Path,
    session: TradingSession,
    symbols: Sequence[str],
    schemas: Sequence[str],
    dataset: str,
) -> str | None:
    """What a tape lacks of a session.

    Args:
        folder: The tape's; it need not exist.
        session: The session.
        symbols: The underlyings that it should have options of.
        schemas: The schemas that it should have of them.
        dataset: Their dataset.

    Returns:
        A sentence that begins with what is there; empty if it lacks nothing, None if nothing is
        there.
    """
    if not folder.exists():
        return None
    try:
        tape = open_tape(folder)
        commits = read_commits(folder, tape.manifest)
    except (TapeError, OSError) as error:
        return f"what is there is no tape that can be read ({error})"
    if commits is not None and (lack := _lack_of_recording(commits[0], session)):
        return lack
    return _lack_of_content(tape, session, symbols, schemas, dataset)


def _lack_of_recording(commits: Sequence[Commit], session: TradingSession) -> str:
    if any(commit.gap for commit in commits):
        return "a recording with gaps is there"
    if not commits or commits[-1].end < session.close:
        return "a recording that ends before the close is there"
    return ""


def _lack_of_content(
    tape: Tape,
    session: TradingSession,
    symbols: Sequence[str],
    schemas: Sequence[str],
    dataset: str,
) -> str:
    if tape.session.date != session.date:
        return f"a tape of {tape.session.date} is there"
    if tape.notes.source != "recorded":
        return f"a tape that is {tape.notes.source} is there"
    if absent := set(symbols) - expiries_of(tape.symbols.get(dataset, {}).values()).keys():
        return f"a tape without {', '.join(sorted(absent))} is there"
    known = {file.schema for file in tape.files if file.dataset == dataset}
    if missing := [schema for schema in schemas if schema not in known]:
        return f"a tape without {', '.join(missing)} is there"
    return ""
