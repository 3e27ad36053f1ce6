"""What Alpaca's public client reads of a host; run with the packages of its own environment.

    python alpaca_client.py ADDRESS KEY SECRET SYMBOL EXPIRY SECONDS

It prints JSON: the listed contracts with their open interest, the chain of the expiry, and what
the stream sends of it, as the client's own models and as it came.
"""

import asyncio
import json
import sys
import threading
from typing import Any

from alpaca.data.historical.option import OptionHistoricalDataClient
from alpaca.data.live.option import OptionDataStream
from alpaca.data.requests import OptionChainRequest
from alpaca.trading.client import TradingClient
from alpaca.trading.requests import GetOptionContractsRequest


def _contracts(url: str, key: str, secret: str, symbol: str) -> list[dict[str, Any]]:
    client = TradingClient(key, secret, url_override=url)
    found: list[dict[str, Any]] = []
    token = None
    while True:
        request = GetOptionContractsRequest(
            underlying_symbols=[symbol],
            expiration_date_gte="2000-01-01",
            limit=500,
            page_token=token,
        )
        answer = client.get_option_contracts(request)
        found += [json.loads(one.model_dump_json()) for one in answer.option_contracts]
        token = answer.next_page_token
        if not token:
            return found


def _stream(address: str, key: str, secret: str, names: list[str], seconds: float) -> Any:
    found: dict[str, list[Any]] = {"quotes": [], "trades": [], "raw": []}
    for is_raw in (False, True):
        stream = OptionDataStream(
            key, secret, raw_data=is_raw, url_override=f"ws://{address}/v1beta1/opra"
        )

        async def on_quote(quote: Any, is_raw: bool = is_raw) -> None:
            if not is_raw:
                found["quotes"].append([quote.symbol, quote.bid_price, quote.ask_price])

        async def on_trade(trade: Any, is_raw: bool = is_raw) -> None:
            if is_raw:
                at = trade["t"].seconds * 10**9 + trade["t"].nanoseconds
                found["raw"].append([trade["S"], at, trade["p"], trade["s"], trade["c"]])
            else:
                found["trades"].append([trade.symbol, trade.price, trade.size])

        stream.subscribe_quotes(on_quote, *names)
        stream.subscribe_trades(on_trade, *names)
        timer = threading.Timer(seconds, stream.stop)
        timer.start()
        stream.run()
        timer.join()
    return found


def _main(address: str, key: str, secret: str, symbol: str, expiry: str, seconds: float) -> None:
    url = f"http://{address}"
    contracts = _contracts(url, key, secret, symbol)
    client = OptionHistoricalDataClient(key, secret, url_override=url)
    request = OptionChainRequest(underlying_symbol=symbol, expiration_date=expiry)
    chain = {
        name: [snapshot.latest_quote.bid_price, snapshot.latest_quote.ask_price]
        for name, snapshot in client.get_option_chain(request).items()
    }
    names = [one["symbol"] for one in contracts if one["expiration_date"] == expiry]
    found = _stream(address, key, secret, names, seconds)
    print(json.dumps({"contracts": contracts, "chain": chain, "stream": found}))


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    host, key_id, key, underlying, day, length = sys.argv[1:]
    _main(host, key_id, key, underlying, day, float(length))
