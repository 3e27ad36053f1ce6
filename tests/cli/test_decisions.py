"""The rules as a page, and what a file of events may hold."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from zerodte.cli import main

DOCS = Path(__file__).parents[2] / "docs"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_the_page_of_rules_is_what_the_table_prints() -> None:
    code, printed, _ = run("rules")
    assert code == 0
    assert printed == (DOCS / "setups.md").read_text(), "run: zerodte rules > docs/setups.md"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"day,hour\n2025-06-02,14:00\n", "no column date; expected: date,time,name"),
        (b"", "no column date"),
        (b"date,time,name\n2025-13-02,14:00,CPI\n", "line 2: month must be in 1..12"),
        (b"date,time,name\n2025-06-02,2pm,CPI\n", "write yyyy-MM-dd and HH:MM, New York"),
        (b"date,time,name\n2025-06-02,14:00,\n", "line 2: the event has no name"),
        (b"date,time,name\n2025-06-02,14:00,a\x1bb\n", "no name that can be printed"),
        (b"date,time,name\n2025-06-02,14:00,\xff\n", "not a CSV file of text"),
        (b"date,time,name\n2025-06-02\n", "line 2"),
    ],
)
def test_a_bad_file_of_events_is_one_line(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes(content)
    (tmp_path / "tape").mkdir()
    code, _, error = run("serve", str(tmp_path / "tape"), "--events", str(file))
    assert code == 1
    assert complaint in error
    assert len(error.splitlines()) == 1
    assert "Traceback" not in error
