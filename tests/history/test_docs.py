"""docs/history.md names every column with its type, and every field beside them."""

import re
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from history.made_days import made_day
from zerodte.history.encode import encode
from zerodte.history.history import History
from zerodte.history.schema import VERSION, FileHeader

PAGE = (Path(__file__).parents[2] / "docs" / "history.md").read_text()
WORDS = {
    "timestamp[ns, tz=UTC]": "instant",
    "string": "text",
    "dictionary<values=string, indices=int8, ordered=0>": "text",
    "map<string, timestamp[ns, tz=UTC] ('arrivals')>": "map of text to instant",
}


def test_every_column_is_documented_with_its_type() -> None:
    schema = pq.read_schema(pa.BufferReader(encode(made_day(samples=3))))
    documented = {
        name: kind
        for names, kind in re.findall(r"^\| (`[^|]*`) \| ([^|]*) \| [^|]* \|$", PAGE, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert documented == {field.name: spoken(str(field.type)) for field in schema}


def spoken(kind: str) -> str:
    """A type as the page writes it."""
    inner = re.fullmatch(r"list<element: (\w+)>", kind)
    return f"list of {spoken(inner[1])}" if inner else WORDS.get(kind, kind)


def test_every_field_beside_them_is_documented() -> None:
    documented = set(re.findall(r"`(\w+)`", PAGE.partition("## Beside the columns")[2]))
    assert {field.name for field in msgspec.structs.fields(FileHeader)} <= documented
    assert f"| `version` | {VERSION} |" in PAGE


def test_the_queries_that_are_shown_work(tmp_path: Path) -> None:
    History(str(tmp_path)).store(made_day(samples=3, strikes=5, symbol="SPY"))
    figures, contracts = (
        duckdb.sql(query.replace("ROOT", str(tmp_path)))
        for query in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    )
    assert len(figures or ()) == 3
    assert len(contracts or ()) == 3 * 5
