"""The one list of endpoints: every query is in it, and nobody keeps another."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

import zerodte
from zerodte import wire
from zerodte.server.app import ROUTES
from zerodte.server.openapi import document
from zerodte.server.static_files import StaticQuery
from zerodte.wire.endpoints import ENDPOINTS
from zerodte.wire.query import Query

PACKAGE = Path(zerodte.__file__).parent


def below(query: type[Query]) -> Iterator[type[Query]]:
    for kind in query.__subclasses__():
        yield kind
        yield from below(kind)


def test_every_query_of_the_wire_has_an_endpoint() -> None:
    for module in pkgutil.iter_modules(wire.__path__):
        importlib.import_module(f"zerodte.wire.{module.name}")
    queries = {kind for kind in below(Query) if kind.__module__.startswith("zerodte.wire.")}
    # A query that others refine is a part of theirs.
    asked = {kind for kind in queries if not kind.__subclasses__() or kind in ENDPOINTS}
    assert asked == set(ENDPOINTS)
    assert len({endpoint.path for endpoint in ENDPOINTS.values()}) == len(ENDPOINTS) == 39


def test_the_server_answers_each_endpoint_once_and_files_besides() -> None:
    served = [route.endpoint for route in ROUTES if not issubclass(route.query, StaticQuery)]
    assert served == list(ENDPOINTS.values())


def test_the_document_has_the_same_paths() -> None:
    paths = msgspec.json.decode(document(ROUTES, "http://zerodte.example"))["paths"]
    assert list(paths) == [endpoint.path for endpoint in ENDPOINTS.values()]


def test_no_path_with_a_symbol_is_written_twice() -> None:
    text = "\n".join(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))
    written = re.findall(r"\"(/[\w/-]+/\{symbol\})\"", text)
    assert sorted(written) == sorted(e.path for e in ENDPOINTS.values() if "{symbol}" in e.path)
