"""Logs as lines that a program can take apart again."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.logs import LogFormat, log, log_to_stderr

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def taken_apart(line: str) -> dict[str, str]:
    """The pairs of a logfmt line, by a reader that knows nothing of the writer."""
    pairs, rest = {}, line
    while rest:
        name, _, rest = rest.partition("=")
        if rest.startswith('"'):
            value, end = json.JSONDecoder().raw_decode(rest)
            rest = rest[end:]
        else:
            value = rest.partition(" ")[0]
            rest = rest.removeprefix(value)
        assert rest == "" or rest.startswith(" ")
        pairs[name], rest = value, rest.removeprefix(" ")
    return pairs


@given(st.text(), st.text())
def test_no_value_can_pretend_to_be_another(event: str, value: str) -> None:
    record = logging.LogRecord("zerodte", logging.WARNING, "", 0, event, None, None)
    record.fields = {"id": value, "count": 3}
    line = LogFormat().format(record)
    assert len(line.splitlines()) == 1
    pairs = taken_apart(line)
    assert (pairs["event"], pairs["id"], pairs["count"]) == (event, value, "3")
    assert (pairs["level"], list(pairs)) == ("warning", ["time", "level", "event", "id", "count"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", pairs["time"])


def test_a_traceback_stays_on_its_line() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        record = logging.LogRecord("zerodte", logging.ERROR, "", 0, "failed", None, sys.exc_info())
    line = LogFormat().format(record)
    assert "\n" not in line
    assert taken_apart(line)["traceback"].endswith("ValueError: a\nb")


class Terminal(io.StringIO):
    """A stderr that somebody looks at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture
def _restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("zerodte")
    before, levels = root.handlers[:], (root.level, ours.level)
    # What pytest listens with must not be closed, as setting up anew would do.
    root.handlers[:] = []
    yield
    root.handlers[:] = before
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize(("stderr", "shown"), [(io.StringIO(), 2), (Terminal(), 1)])
def test_a_terminal_is_spared_what_its_reader_knows(
    stderr: io.StringIO, shown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    log_to_stderr()
    log("ready", symbols=4)
    log("ended", logging.ERROR, problem="the tape is cut off")
    logging.getLogger("another").info("of no interest")
    lines = [taken_apart(line) for line in stderr.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["ready", "ended"][-shown:]
    assert lines[-1]["problem"] == "the tape is cut off"


def test_every_event_is_documented_with_its_fields() -> None:
    source = Path(__file__).parents[2] / "src" / "zerodte"
    text = "".join(path.read_text() for path in source.rglob("*.py"))
    logged = set(re.findall(r'(?<![.\w])log\(\s*"(\w+)"', text)) | {"failed"}
    rows = re.findall(r"^\| `(\w+)` \| (?:info|warning|error) \|", DOCS.read_text(), re.MULTILINE)
    assert logged == set(rows)
