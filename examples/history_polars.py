"""Ask finished sessions with Polars: `python examples/history_polars.py ROOT SYMBOL`.

ROOT is a folder written with `--history`; docs/history.md describes every column.
"""

import sys

import polars as pl

SESSIONS_A_YEAR = 252
SESSION_MINUTES = 390


def read(root: str, symbol: str) -> pl.LazyFrame:
    """Every sample of a symbol, in order; files of other symbols are not read."""
    return pl.scan_parquet(f"{root}/*/{symbol}.parquet", hive_partitioning=True).sort("t")


def volatility_by_regime(samples: pl.LazyFrame) -> pl.DataFrame:
    """Realised volatility of the minutes that begin in each regime, beside the implied one.

    Returns:
        A row for each date and regime: minutes, and two annual fractions. Realised is the root
        mean square of the minutes' log returns over a year of 252 sessions.
    """
    minutes = samples.filter(pl.col("t").dt.second() == 0)
    step = pl.col("spot").shift(-1).log() - pl.col("spot").log()
    return (
        minutes.with_columns(step.over("date").alias("step"))
        .drop_nulls("step")
        .group_by("date", "regime")
        .agg(
            pl.len().alias("minutes"),
            (pl.col("step").pow(2).mean() * SESSIONS_A_YEAR * SESSION_MINUTES)
            .sqrt()
            .alias("realised"),
            pl.col("atm_iv").mean().alias("implied"),
        )
        .sort("date", "regime")
        .collect()
    )


def flow_heatmap(samples: pl.LazyFrame, every: str = "30m", strikes: int = 10) -> pl.DataFrame:
    """Signed delta dollars by strike and bar of the newest session.

    Flow in a file is added up since the open, so a bar is a difference of two samples: the last
    ones in it and in the bar before.

    Returns:
        A row for each of the strikes with the largest flow, and a column for each bar, named by
        its end in New York.
    """
    flow = (
        samples.filter(pl.col("date") == pl.col("date").max())
        .with_columns(pl.col("t").dt.convert_time_zone("America/New_York"))
        .group_by_dynamic("t", every=every, closed="right", label="right")
        .agg(pl.col("strikes", "delta_dollars").last())
        .explode("strikes", "delta_dollars")
        .with_columns(
            pl.col("delta_dollars")
            .diff()
            .over("strikes")
            .fill_null(pl.col("delta_dollars"))
            .alias("flow"),
            pl.col("t").dt.strftime("%H:%M").alias("bar"),
            pl.col("strikes").alias("strike"),
        )
        .collect()
    )
    return (
        flow.pivot("bar", index="strike", values="flow", sort_columns=False)
        .with_columns(pl.sum_horizontal(pl.exclude("strike").abs()).alias("size"))
        .top_k(strikes, by="size")
        .drop("size")
        .sort("strike")
    )


def main() -> None:
    """Print every answer."""
    if len(sys.argv) != 3:
        sys.exit("usage: python examples/history_polars.py ROOT SYMBOL")
    samples = read(*sys.argv[1:])
    pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=-1, float_precision=3)
    print("Realised and implied volatility by regime")
    print(volatility_by_regime(samples))
    print("Hedge flow by strike and half hour, millions of dollars")
    print(flow_heatmap(samples).with_columns(pl.exclude("strike") / 1e6))


if __name__ == "__main__":
    main()
