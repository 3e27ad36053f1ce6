"""What Massive's public client reads of a host; run with the packages of its own environment.

    python massive_client.py ADDRESS KEY SYMBOL EXPIRY SECONDS

It prints JSON: the listed contracts, the chain of the expiry, the open interest, and what the
stream sends of the expiry. The stream ends after so many seconds without a message.
"""

import asyncio
import json
import sys
from typing import Any

from massive import RESTClient, WebSocketClient


def _contracts(client: RESTClient, symbol: str) -> list[str]:
    # The client reads 10 rows a page unless told otherwise.
    found = client.list_options_contracts(underlying_ticker=symbol, limit=300)
    return [one.ticker for one in found]


def _chain(client: RESTClient, symbol: str, expiry: str) -> dict[str, Any]:
    found = client.list_snapshot_options_chain(symbol, params={"expiration_date": expiry})
    return {
        one.details.ticker: [one.last_quote.bid, one.last_quote.ask, one.open_interest]
        for one in found
        if one.last_quote is not None
    }


async def _stream(address: str, key: str, names: list[str], seconds: float) -> Any:
    found: dict[str, list[Any]] = {"quotes": [], "trades": []}
    client = WebSocketClient(
        key,
        feed=address,
        market="options",
        secure=False,
        subscriptions=["T.*", *(f"Q.{name}" for name in names)],
        max_reconnects=0,
    )
    came = asyncio.Event()

    async def read(messages: list[Any]) -> None:
        came.set()
        for one in messages:
            if one.event_type == "Q":
                found["quotes"].append(
                    [
                        *(one.symbol, one.timestamp, one.bid_price, one.ask_price),
                        *(one.bid_size, one.ask_size),
                    ]
                )
            else:
                found["trades"].append(
                    [one.symbol, one.timestamp, one.price, one.size, one.conditions]
                )

    async def end() -> None:
        while True:
            came.clear()
            try:
                await asyncio.wait_for(came.wait(), seconds)
            except TimeoutError:
                await client.close()
                return

    ending = asyncio.create_task(end())
    await client.connect(read)
    ending.cancel()
    return found


def _main(address: str, key: str, symbol: str, expiry: str, seconds: float) -> None:
    client = RESTClient(key, base=f"http://{address}", retries=0)
    names = _contracts(client, symbol)
    chain = _chain(client, symbol, expiry)
    found = asyncio.run(_stream(address, key, names, seconds))
    print(json.dumps({"contracts": names, "chain": chain, "stream": found}))


if __name__ == "__main__":
    host, secret, underlying, day, length = sys.argv[1:]
    _main(host, secret, underlying, day, float(length))
