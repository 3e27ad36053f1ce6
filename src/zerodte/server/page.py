"""The server's plain pages: the market at a glance, and what all of them have in common.

They load nothing from other hosts. The only script here refreshes the table.
"""

from collections.abc import Sequence
from html import escape

from zerodte.server.static_files import STATIC_ROUTES
from zerodte.wire.text import MEASURED

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
    return page(
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


def page(title: str, content: str, *, kind: str = "", head: str = "") -> bytes:
    """A document of the server's own style.

    Args:
        title: Its title and heading.
        content: Its HTML.
        kind: The class of its body.
        head: More HTML for its head.
    """
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{_STYLE}">{head}</head>'
        f'<body class="{kind}"><h1>{escape(title)}</h1>'
        f"{content}</body></html>"
    ).encode()
