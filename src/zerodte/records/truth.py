"""What a simulated tape knows beside its records: truth's schema.

It lies in the tape's folder `truth/` as two Parquet files of these columns, `trades.parquet` and
`contracts.parquet`, and `parameters.json` with what the seed drew.
"""

from typing import Final

import numpy as np

#: One row for each trade record, in the order in which ticks give them.
TRADE_TRUTH: Final = np.dtype(
    [
        ("ts_recv", "<i8"),  # UTC ns, of the record
        ("instrument_id", "<u4"),
        ("customer_side", "i1"),  # 1 the customer bought, -1 sold; 0 customers on both sides
        ("dealers", "<i4"),  # contracts that dealers took of it, long positive
        ("opens", "?"),  # whether it opened the customer's position, not closed one
        ("is_limit", "?"),  # whether the customer's resting order was hit
        ("package", "<i4"),  # its multi-leg order; 0 for a single
        ("is_cancelled", "?"),  # taken back later, so that it never counted
        ("is_cancel", "?"),  # the record that takes one back
    ]
)

#: One row for each contract at each minute's end.
CONTRACT_TRUTH: Final = np.dtype(
    [
        ("minute_end", "<i8"),  # UTC ns
        ("instrument_id", "<u4"),
        ("open_interest", "<i8"),  # contracts
        ("dealers", "<i8"),  # dealers' inventory, contracts, long positive
    ]
)
