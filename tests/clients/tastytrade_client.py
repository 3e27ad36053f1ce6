"""What a public client of tastytrade reads of a host; run with the packages of its own environment.

    python tastytrade_client.py URL SECRET REFRESH SYMBOL SECONDS

It prints JSON: the chain, and the events of the contracts of the first expiry, by kind.
"""

import asyncio
import contextlib
import json
import sys
from typing import Any

import tastytrade.session
from tastytrade import DXLinkStreamer, Session
from tastytrade.dxfeed import Quote, Summary, TimeAndSale
from tastytrade.instruments import NestedOptionChain

#: Symbols of one message.
_AT_ONCE = 400


async def _collect(streamer: Any, kind: Any, found: list[dict[str, Any]]) -> None:
    while True:
        event = await streamer.get_event(kind)
        found.append(json.loads(event.model_dump_json()))


async def _main(url: str, secret: str, refresh: str, symbol: str, seconds: float) -> None:
    tastytrade.session.API_URL = url
    found: dict[str, list[dict[str, Any]]] = {"Quote": [], "Summary": [], "TimeAndSale": []}
    async with Session(secret, refresh, trust_env=False) as session:
        (chain,) = await NestedOptionChain.get(session, symbol)
        strikes = chain.expirations[0].strikes
        names = [name for s in strikes for name in (s.call_streamer_symbol, s.put_streamer_symbol)]
        async with DXLinkStreamer(session) as streamer:
            for kind in (TimeAndSale, Summary, Quote):
                for first in range(0, len(names), _AT_ONCE):
                    await streamer.subscribe(kind, names[first : first + _AT_ONCE], 1.0)
            tasks = [
                asyncio.create_task(_collect(streamer, kind, found[kind.__name__]))
                for kind in (TimeAndSale, Summary, Quote)
            ]
            await asyncio.sleep(seconds)
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
    days = [str(expiration.expiration_date) for expiration in chain.expirations]
    print(json.dumps({"expirations": days, "names": names, "events": found}))


if __name__ == "__main__":
    host, client_secret, refresh_token, underlying, length = sys.argv[1:]
    asyncio.run(_main(host, client_secret, refresh_token, underlying, float(length)))
