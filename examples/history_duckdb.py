"""Ask finished sessions in SQL: `python examples/history_duckdb.py ROOT [SYMBOL]`.

ROOT is a folder written with `--history`; docs/history.md describes every column. Each query
below also runs in the `duckdb` shell, after
`create view history as from read_parquet('ROOT/*/*.parquet', hive_partitioning = true)`.
"""

import sys

import duckdb

#: One row a session. A crossing is two samples in a row with spot on different sides of
#: the flip, which both know.
SESSIONS = """
with samples as (
    select *, sign(spot - gamma_flip) as side,
        lag(sign(spot - gamma_flip)) over (partition by symbol, date order by t) as last_side
    from history
)
select
    date,
    symbol,
    count(*) as samples,
    arg_min(spot, t) as first_spot,
    arg_max(spot, t) as last_spot,
    round(100 * (max(spot) - min(spot)) / arg_min(spot, t), 2) as range_pct,
    round(100 * avg((regime = 'positive_gamma')::int), 1) as positive_gamma_pct,
    count(*) filter (side != last_side) as flip_crossings
from samples
group by date, symbol
order by date, symbol
"""

#: The straddle at the money 30 minutes after the first sample, and how far spot then went.
STRADDLES = """
with samples as (
    select *, min(t) over (partition by symbol, date) as first_t
    from history
), strikes as (
    select date, symbol, spot, forward,
        unnest(strikes) as strike, unnest(call_mid) + unnest(put_mid) as straddle
    from samples
    where t::timestamptz = first_t::timestamptz + interval 30 minutes
), at_the_money as (
    select date, symbol, any_value(spot) as early_spot,
        arg_min(strike, abs(strike - forward)) as strike,
        arg_min(straddle, abs(strike - forward)) as straddle
    from strikes
    where straddle is not null
    group by date, symbol
), closes as (
    select date, symbol, arg_max(spot, t) as last_spot from samples group by date, symbol
)
select date, symbol, strike, straddle,
    round(abs(last_spot - early_spot), 4) as moved,
    round(abs(last_spot - early_spot) / straddle, 2) as ratio
from at_the_money join closes using (date, symbol)
order by date, symbol
"""

#: Strikes of the newest session by the size of their flow. What the venue states is null except
#: where it changed, so the last value that is not null holds.
BUSIEST_STRIKES = """
with samples as (
    select *, max(date) over (partition by symbol) as last_date
    from history
), stated as (
    select *, last_value(call_official_open_interest ignore nulls) over day as call_interest,
        last_value(put_official_open_interest ignore nulls) over day as put_interest
    from samples
    where date = last_date
    window day as (partition by symbol order by t)
), last_samples as (
    select * from stated qualify t = max(t) over (partition by symbol)
), strikes as (
    select symbol, unnest(strikes) as strike,
        unnest(call_contracts) + unnest(put_contracts) as contracts,
        unnest(call_interest) + unnest(put_interest) as open_interest,
        unnest(delta_dollars) as delta_dollars
    from last_samples
)
select * from strikes
where delta_dollars != 0
qualify row_number() over (partition by symbol order by abs(delta_dollars) desc, strike) <= 5
order by symbol, abs(delta_dollars) desc, strike
"""


def ask(query: str, root: str, symbol: str = "*") -> duckdb.DuckDBPyRelation:
    """The answer of a query about one symbol, or about all."""
    files = duckdb.read_parquet(f"{root}/*/{symbol}.parquet", hive_partitioning=True)
    answer = files.query("history", query)
    if answer is None:
        raise ValueError("only a query has an answer")
    return answer


def main() -> None:
    """Print every answer."""
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python examples/history_duckdb.py ROOT [SYMBOL]")
    for title, query in (
        ("Sessions", SESSIONS),
        ("What the straddle said after half an hour, and what came", STRADDLES),
        ("Busiest strikes of the newest session", BUSIEST_STRIKES),
    ):
        print(title)
        ask(query, *sys.argv[1:]).show(max_width=160)


if __name__ == "__main__":
    main()
