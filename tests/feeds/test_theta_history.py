"""ThetaData's answers, by hand: columns, times, sale conditions, and what each status means."""

import datetime
import http.server
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.session_fetch import sessions_of
from zerodte.feeds.thetadata.client import ThetaClient, ThetaQuery
from zerodte.feeds.thetadata.conditions import ThetaConditionReader
from zerodte.feeds.thetadata.records import ThetaRecords
from zerodte.feeds.thetadata.table import TRADE_COLUMNS, ThetaTable, contract_of, read_table
from zerodte.feeds.thetadata.terminal_host import ThetaPermissionError, ThetaTerminalHost
from zerodte.market.osi import Contract, format_osi
from zerodte.records.condition import Condition

SUMMER, WINTER = datetime.date(2025, 6, 6), datetime.date(2025, 1, 15)
CALL = Contract("SPXW", SUMMER, 6000.0, "C")
HEADER = (
    "symbol,expiration,strike,right,trade_timestamp,quote_timestamp,sequence,ext_condition1,"
    "ext_condition2,ext_condition3,ext_condition4,condition,size,exchange,price,bid_size,"
    "bid_exchange,bid,bid_condition,ask_size,ask_exchange,ask,ask_condition\r\n"
)


def line(**changes: object) -> str:
    values: dict[str, object] = dict.fromkeys(HEADER.strip().split(","), 255)
    values |= {"symbol": "SPXW", "expiration": "2025-06-06", "strike": "6000.000", "right": "CALL"}
    values |= {"trade_timestamp": "2025-06-06T09:30:00.123", "sequence": 7, "condition": 18}
    values |= {"size": 2, "exchange": 5, "price": 1.05, "bid_size": 3, "bid": 1.0}
    values |= {"ask_size": 4, "ask": 1.1} | changes
    return ",".join(map(str, values.values())) + "\r\n"


def table(*lines: str, date: datetime.date = SUMMER) -> ThetaTable:
    return read_table(HEADER + "".join(lines), TRADE_COLUMNS, date)


def test_times_are_of_new_york_in_summer_and_winter() -> None:
    # 13:30:00.123 and 14:30 UTC, by `date -d`.
    summer = table(line()).integers("trade_timestamp")
    winter = table(line(trade_timestamp="2025-01-15T09:30:00"), date=WINTER)
    assert summer.tolist() == [1_749_216_600_123_000_000]
    assert winter.integers("trade_timestamp").tolist() == [1_736_951_400_000_000_000]


def test_columns_are_found_by_name_in_any_order_and_quoted() -> None:
    found = read_table(
        'right,price,"symbol",extra,timestamp\n"PUT",1.5,"SPXW",,2025-06-06T10:00:00.000\n',
        {"symbol": "text", "right": "text", "price": "price"},
        SUMMER,
    )
    assert found.columns["symbol"] == ["SPXW"]
    assert found.columns["right"] == ["PUT"]
    assert found.prices("price").tolist() == [1.5]
    assert read_table("", TRADE_COLUMNS, SUMMER).count == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + line()[:-10], "it ends within a line"),
        (HEADER + "SPXW,2025-06-06\r\n", "a line of 2 fields"),
        ("<html>\n", "no column 'symbol'"),
        (HEADER + line(price="what"), "could not convert"),
        (HEADER + line(size="many"), "invalid literal"),
        (HEADER + line(size=10**19), "a number that has no room in 64 bits"),
        (HEADER + line(trade_timestamp="noon"), "Error parsing datetime"),
    ],
)
def test_what_is_no_answer_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_table(text, TRADE_COLUMNS, SUMMER)


def test_contracts_are_told_by_root_date_dollars_and_right() -> None:
    for right in ("CALL", "call", "C"):
        assert contract_of(("SPXW", "2025-06-06", "6000.000", right)) == CALL
    contract = contract_of(("SPY", "20250606", "597.5", "PUT"))
    assert contract is not None
    assert format_osi(contract) == "SPY   250606P00597500"
    for texts in (
        ("SPXW", "soon", "6000", "CALL"),
        ("SPXW", "2025-06-06", "0", "CALL"),
        ("SPXW", "2025-06-06", "nan", "CALL"),
        ("SPXW", "2025-06-06", "6000", "both"),
        ("spxw!", "2025-06-06", "6000", "CALL"),
    ):
        assert contract_of(texts) is None


def test_sale_conditions_are_those_of_the_vendors_table() -> None:
    wanted = {
        0: Condition.REGULAR,  # REGULAR
        18: Condition.REGULAR,  # AUTO_EXECUTION
        95: Condition.REGULAR,  # INTERMARKET_SWEEP
        148: Condition.REGULAR,  # EXTENDED_HOURS_TRADE
        2: Condition.LATE,  # OUT_OF_SEQ
        7: Condition.OPENING,  # OPEN_REPORT_IN_SEQ
        40: Condition.CANCEL,  # CANC
        43: Condition.CANCEL,  # CANC_ONLY
        125: Condition.AUCTION,  # SINGLE_LEG_AUCTION_NON_ISO
        128: Condition.CROSS,  # SINGLE_LEG_CROSS_ISO
        129: Condition.CROSS,  # SINGLE_LEG_FLOOR_TRADE
        130: Condition.MULTI_LEG,  # MULTI_LEG_AUTOELEC_TRADE
        135: Condition.STOCK_OPTION,  # STOCK_OPTIONS_AUCTION
        137: Condition.MULTI_LEG,  # ML_FLOOR_TRADE_AGSL
        142: Condition.STOCK_OPTION,  # STK_OPT_AUCTION_AGSL
        147: Condition.MULTI_LEG,  # MULTILAT_COMP_TR_PDP
        50: Condition.UNKNOWN,  # NOT_SPECIFIED
    }
    reader = ThetaConditionReader()
    assert reader.read(list(wanted)).tolist() == list(wanted.values())
    assert reader.sentences() == []
    # Stocks' odd lots, and a number that is not in the table.
    assert reader.read([115, 999, 999]).tolist() == [Condition.UNKNOWN] * 3
    assert reader.sentences() == [
        "1 trades with the unknown sale condition 115",
        "2 trades with the unknown sale condition 999",
    ]


def test_garbled_rows_and_unknown_contracts_are_left_out_and_said() -> None:
    (session,) = sessions_of(SUMMER, SUMMER)
    found = ThetaRecords(session, {CALL: 1})
    rows, trades = found.trades(
        [
            table(
                line(),
                line(price=0),
                line(size=0),
                line(price=2e6),
                line(bid=30.0, ask=1.0),
                line(bid=-1),
                line(strike="6005.000"),
                line(trade_timestamp="2025-06-05T09:30:00.000"),
                line(condition=999, sequence=6),
                line(bid="", ask="", bid_size="", ask_size="", sequence=8),
                line(condition=40, price=9.99),
            )
        ]
    )
    assert trades.conditions.tolist() == [
        Condition.UNKNOWN,
        Condition.REGULAR,
        Condition.CANCEL,
        Condition.REGULAR,
    ]
    assert rows["instrument_id"].tolist() == [1] * 4
    assert set(rows["price"].tolist()) == {1_050_000_000, 9_990_000_000}
    # Trades of one millisecond in the order of their sequence; one came before any quote.
    undefined = np.iinfo(np.int64).max
    assert (rows["bid_px_00"] == undefined).tolist().count(True) == 1
    assert found.sentences() == [
        "1 trades with the unknown sale condition 999",
        "1 cancels of trades that are not in the file",
        "5 garbled rows",
        "1 rows of contracts that are not listed",
    ]


class Terminal(http.server.BaseHTTPRequestHandler):
    """Gives prepared answers."""

    answers: list[tuple[int, bytes]]
    paths: list[str]

    def do_GET(self) -> None:
        """Give the next answer, the last one again and again."""
        self.paths.append(self.path)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response_only(status, "What")
        self.send_header("Content-Length", f"{len(body)}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@pytest.fixture
def terminal() -> Iterator[tuple[type[Terminal], ThetaClient]]:
    handler = type("Handler", (Terminal,), {"answers": [], "paths": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    host = ThetaTerminalHost(f"http://127.0.0.1:{server.server_address[1]}", first_wait=0.001)
    try:
        yield handler, ThetaClient(host)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_a_request_is_as_the_vendor_documents_it(
    terminal: tuple[type[Terminal], ThetaClient],
) -> None:
    handler, client = terminal
    handler.answers = [(200, HEADER.encode())]
    (session,) = sessions_of(SUMMER, SUMMER)
    span = session.open, session.open + 1_800 * 10**9
    assert client.table(ThetaQuery("tcbbo", "SPXW", SUMMER, SUMMER, span)).count == 0
    (path,) = handler.paths
    parts = urllib.parse.urlsplit(path)
    assert parts.path == "/v3/option/history/trade_quote"
    assert dict(urllib.parse.parse_qsl(parts.query)) == {
        "symbol": "SPXW",
        "expiration": "20250606",
        "date": "20250606",
        "start_time": "09:30:00.000",
        "end_time": "09:59:59.999",
        "exclusive": "true",
        "format": "csv",
    }


@pytest.mark.parametrize("status", [429, 474, 500, 571])
def test_a_busy_terminal_is_asked_again(
    terminal: tuple[type[Terminal], ThetaClient], status: int
) -> None:
    handler, client = terminal
    listed = b"symbol,expiration,strike,right\r\nSPXW,2025-06-06,6000.000,CALL\r\n"
    handler.answers = [(status, b"wait"), (status, b""), (200, listed)]
    assert client.contracts("SPXW", SUMMER) == [CALL]
    assert len(handler.paths) == 3


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "the terminal is too old"),
        (470, r"answered 470 What: no\."),
        (471, "the subscription does not have it"),
        (473, "answered 473"),
        (476, "use 127.0.0.1 or localhost"),
        (478, "another terminal is running with this login"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(
    terminal: tuple[type[Terminal], ThetaClient], status: int, words: str
) -> None:
    handler, client = terminal
    handler.answers = [(status, b"no.\n")]
    with pytest.raises(FeedRefusalError, match=words) as refused:
        client.contracts("SPXW", SUMMER)
    assert isinstance(refused.value, ThetaPermissionError) == (status == 471)
    assert len(handler.paths) == 1


def test_no_data_are_no_contracts_and_half_a_body_is_no_answer(
    terminal: tuple[type[Terminal], ThetaClient],
) -> None:
    handler, client = terminal
    handler.answers = [(472, b"No data found")]
    assert client.contracts("SPXW", SUMMER) == []
    handler.answers = [(200, b"symbol,expiration,strike,right\r\nSPXW,2025-")]
    with pytest.raises(FeedError, match=r"answered no list .*: it ends within a line"):
        client.contracts("SPXW", SUMMER)
