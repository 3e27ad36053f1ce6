"""The page at `/docs`: an OpenAPI document to read, to search and to try.

It is whole without its script, which adds the search and the requests.
"""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any, Final, TypeAlias

import msgspec

from zerodte.server.page import page
from zerodte.server.static_files import STATIC_ROUTES

Json: TypeAlias = dict[str, Any]

_SCRIPT = STATIC_ROUTES["reference.js"].path
#: Headings by the start of a path; the first that fits counts.
_PARTS: Final = (
    ("/v1/flow/zero-dte/", "Same-day flow"),
    ("/v1/flow/", "Flow of all expiries"),
    ("/v1/exposure/zero-dte/", "Same-day flow"),
    ("/v1/exposure/", "Settled exposure"),
    ("/v1/", "Symbols, keys and more"),
    ("/stockquote/", "Symbols, keys and more"),
    ("/", "The server"),
)
_HEADINGS: Final = tuple(dict.fromkeys(heading for _, heading in _PARTS))


def reference_page(openapi: bytes) -> bytes:
    """The page of an OpenAPI document."""
    contract = msgspec.json.decode(openapi)
    shapes = contract["components"]["schemas"]
    operations = sorted(
        ((path, each["get"]) for path, each in contract["paths"].items()),
        key=lambda named: _HEADINGS.index(_part(named[0])),
    )
    parts = [
        (part, list(group)) for part, group in groupby(operations, lambda each: _part(each[0]))
    ]
    return page(
        "zerodte: reference",
        f'<nav aria-label="Contents">{"".join(_contents(*part) for part in parts)}'
        '<h2><a href="#shapes">Shapes</a></h2></nav>'
        f"<main><p>{escape(contract['info']['description'])}</p>"
        + "".join(_operation(path, operation) for _, part in parts for path, operation in part)
        + '<section><h2 id="shapes">Shapes</h2>'
        + "".join(_shape(name, shape) for name, shape in shapes.items())
        + f'</section></main><script src="{_SCRIPT}" defer></script>',
        kind="reference",
    )


def _part(path: str) -> str:
    return next(heading for start, heading in _PARTS if path.startswith(start))


def _contents(part: str, operations: list[tuple[str, Json]]) -> str:
    links = "".join(
        f'<li><a href="#{escape(operation["operationId"])}">{escape(path)}</a></li>'
        for path, operation in operations
    )
    return f"<h2>{escape(part)}</h2><ul>{links}</ul>"


def _operation(path: str, operation: Json) -> str:
    name = escape(operation["operationId"])
    parameters = (
        (_code(field["name"]), _type(field["schema"]), _text(field.get("description", "")))
        for field in operation["parameters"]
    )
    answers = [
        (status, answer, _answer_type(answer)) for status, answer in operation["responses"].items()
    ]
    good = "".join(_good(answer, shape) for status, answer, shape in answers if status == "200")
    refused = (
        (_code(status), escape(answer["description"]), shape)
        for status, answer, shape in answers
        if status != "200"
    )
    errors = _table(("status", "codes", "shape"), refused)
    return (
        f'<section class="operation" data-path="{escape(path)}"><h2 id="{name}">'
        f'<code>GET {escape(path)}</code> <a class="anchor" href="#{name}" '
        f'aria-label="Link to {escape(path)}">#</a></h2><p>{escape(operation["summary"])}. '
        f'<span class="faint">Plan: {escape(operation["x-access"])}.</span></p>'
        + _table(("parameter", "type", "meaning"), parameters)
        + good
        + f"<details><summary>Errors</summary>{errors}</details></section>"
    )


def _good(answer: Json, shape: str) -> str:
    """The answer that was asked for, with an example of each of its shapes."""
    ((_, content),) = answer["content"].items()
    examples = "".join(
        f"<details><summary>Example: {escape(name)}</summary><pre><code>"
        f"{escape(_example(example['value']))}</code></pre></details>"
        for name, example in content.get("examples", {}).items()
    )
    return f"<p>Answers {shape}.</p>{examples}"


def _example(value: object) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _shape(name: str, shape: Json) -> str:
    fields = (
        (_code(field), _type(schema), _text(schema.get("description", "")))
        for field, schema in shape.get("properties", {}).items()
    )
    parts = " and ".join(_type(part) for part in shape.get("allOf", ()) if "$ref" in part)
    return (
        f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{escape(shape.get("description", ""))}'
        f"{' Combines ' + parts + '.' if parts else ''}</p>"
        + _table(("field", "type", "meaning"), fields)
    )


def _answer_type(answer: Json) -> str:
    ((media, content),) = answer["content"].items()
    return _type(content["schema"]) if media == "application/json" else escape(media)


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(_code(choice) for choice in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items') or {'type': 'number'})}"
    return escape(schema.get("format") or schema.get("type", "any JSON"))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows]
    if not lines:
        return ""
    names = "".join(f"<th>{name}</th>" for name in head)
    return f"<table><tr>{names}</tr>{''.join(lines)}</table>"


def _text(text: str) -> str:
    """A description, whose backquotes are code."""
    return "".join(
        _code(part) if index % 2 else escape(part) for index, part in enumerate(text.split("`"))
    )


def _code(text: object) -> str:
    return f"<code>{escape(str(text))}</code>"
