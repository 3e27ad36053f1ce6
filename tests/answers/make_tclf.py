"""What the public tclf package says of made-up trades: run it to write tclf.npz beside it.

It needs tclf 0.4 and scikit-learn 1.6, which want an older numpy than this project has:

    python3 -m venv /tmp/tclf && /tmp/tclf/bin/pip install "tclf==0.4.*" "scikit-learn==1.6.*"
    /tmp/tclf/bin/python tests/answers/make_tclf.py

Prices are sixteenths of a dollar, exact in binary, so that tclf's own arithmetic has no rounding.
Quotes have two sides and a spread, which is where the rules of both cover every case.
"""

from pathlib import Path

import numpy as np
from tclf.classical_classifier import ClassicalClassifier

from zerodte.arrays import F64, I64

COUNT, CONTRACTS = 5000, 12
RULES = [("quote", "best"), ("depth", "best"), ("tick", "all")]
SIZE_FIRST = [("trade_size", "best"), *RULES]
FEATURES = "trade_price bid_best ask_best bid_size_best ask_size_best trade_size price_all_lag"


def previous_different(contract: I64, price: I64) -> F64:
    """For every trade the contract's last price that is not its own; NaN where there is none."""
    lag = np.full(len(price), np.nan)
    seen: dict[int, list[int]] = {}
    for i, (which, paid) in enumerate(zip(contract.tolist(), price.tolist(), strict=True)):
        earlier = seen.setdefault(which, [])
        lag[i] = next((one for one in reversed(earlier) if one != paid), np.nan)
        earlier.append(paid)
    return lag


def main() -> None:
    """Make the trades, ask tclf, write the file."""
    random = np.random.default_rng(2025)
    contract = random.integers(0, CONTRACTS, COUNT)
    bid = random.integers(1, 40, COUNT)
    ask = bid + random.integers(1, 9, COUNT)
    price = np.maximum(bid + random.integers(-2, 11, COUNT), 1)
    at_mid = random.random(COUNT) < 0.4
    price = np.where(at_mid & ((bid + ask) % 2 == 0), (bid + ask) // 2, price)
    bid_size, ask_size, size = random.integers(1, 5, (3, COUNT))
    dollars = [price / 16, bid / 16, ask / 16, bid_size, ask_size, size]
    rows = np.column_stack([*dollars, previous_different(contract, price) / 16])
    answers = {}
    for name, layers in (("side", RULES), ("customer", SIZE_FIRST)):
        asked = ClassicalClassifier(layers=layers, features=FEATURES.split(), strategy="const")
        answers[name] = asked.fit(rows).predict(rows).astype(np.int8)
    np.savez_compressed(
        Path(__file__).with_name("tclf.npz"),
        contract=contract.astype(np.int32),
        price=price.astype(np.uint8),
        bid=bid.astype(np.uint8),
        ask=ask.astype(np.uint8),
        bid_size=bid_size.astype(np.uint8),
        ask_size=ask_size.astype(np.uint8),
        size=size.astype(np.uint8),
        **answers,
    )


if __name__ == "__main__":
    main()
