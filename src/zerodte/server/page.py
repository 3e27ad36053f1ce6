"""The server's plain pages: the market at a glance, and the API reference.

They load nothing from other hosts. The only script refreshes the table.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, TypeAlias

import msgspec

from zerodte.server.static_files import STATIC_ROUTES
from zerodte.wire.text import MEASURED

Json: TypeAlias = dict[str, Any]

#: A page may load its own style, script and data, nothing else.
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
_STYLE, _SCRIPT = STATIC_ROUTES["page.css"].path, STATIC_ROUTES["page.js"].path

_KEY = (
    '<p class="faint key">On the line: <b class="put-wall">put wall</b> below it, '
    '<b class="call-wall">call wall</b> above it, <b class="flip">gamma flip</b> dashed, '
    '<b class="magnet">magnet</b> a diamond, spot a dot. GEX is dollars per 1% move, on the usual '
    "convention; below it the 90% interval of the inventory that is inferred from trades. "
    f"{MEASURED} "
    "Nothing here is investment advice.</p>"
)


#: In place of the table where answers need a key, because the page is open to everybody.
KEYS_NEEDED = (
    "<p>Answers need a key: send it in the header <code>X-Api-Key</code>. "
    "Whoever runs this server creates one with <code>zerodte keys create</code>.</p>"
)


def table_page(
    base_url: str, symbols: Sequence[str], overview: str, *, has_keys: bool = False
) -> bytes:
    """The page at `/table`: the market at a glance, and example requests.

    Args:
        base_url: The server's base URL.
        symbols: The symbols served.
        overview: The table, as HTML.
        has_keys: Whether the examples need a key.
    """
    first = "SPY" if "SPY" in symbols else next(iter(symbols), "SPX")
    flow = "/v1/flow/zero-dte"
    examples = (f"{flow}/snapshot/{first}", f"{flow}/series/{first}", f"{flow}/leaderboard")
    curl = 'curl -s -H "X-Api-Key: $KEY"' if has_keys else "curl -s"
    lines = "\n".join(f"{curl} {base_url}{path}" for path in examples)
    return _page(
        "zerodte",
        f"<main>{overview}</main>{_KEY}"
        f"<pre><code>{escape(lines)}</code></pre>"
        '<p>Charts and replay are on <a href="/">the dashboard</a>. '
        'Every field is explained in <a href="/docs">the reference</a>, '
        'for programs in <a href="/openapi.json">openapi.json</a>.</p>'
        f'<script src="{_SCRIPT}" defer></script>',
        kind="table",
        head='<noscript><meta http-equiv="refresh" content="5"></noscript>',
    )


def reference_page(openapi: bytes) -> bytes:
    """The page at `/docs`: an OpenAPI document as HTML."""
    contract = msgspec.json.decode(openapi)
    shapes = contract["components"]["schemas"]
    operations = (
        _operation(path, operation["get"]) for path, operation in contract["paths"].items()
    )
    return _page(
        "zerodte: reference",
        f"<p>{escape(contract['info']['description'])}</p>"
        + "".join(operations)
        + "<section><h2>Shapes</h2>"
        + "".join(_shape(name, shape) for name, shape in shapes.items())
        + "</section>",
    )


def _page(title: str, content: str, *, kind: str = "", head: str = "") -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{_STYLE}">{head}</head>'
        f'<body class="{kind}"><h1>{escape(title)}</h1>'
        f"{content}</body></html>"
    ).encode()


def _operation(path: str, operation: Json) -> str:
    parameters = (
        (_code(field["name"]), _type(field["schema"]), escape(field.get("description", "")))
        for field in operation["parameters"]
    )
    answers = (
        (_code(status), escape(answer["description"]), _answer_type(answer))
        for status, answer in operation["responses"].items()
    )
    return (
        f"<section><h2><code>GET {escape(path)}</code></h2><p>{escape(operation['summary'])}. "
        f'<span class="faint">Plan: {escape(operation["x-access"])}.</span></p>'
        + _table(("parameter", "type", "meaning"), parameters)
        + _table(("status", "", "shape"), answers)
        + "</section>"
    )


def _shape(name: str, shape: Json) -> str:
    fields = (
        (_code(field), _type(schema), escape(schema.get("description", "")))
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


def _code(text: object) -> str:
    return f"<code>{escape(str(text))}</code>"
