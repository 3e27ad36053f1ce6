"""The page's modules in the browser; what they must say comes from Python and the API."""

import math
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from dashboard.conftest import Market
from dashboard.test_serving import root_of
from server.example import ExampleService
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings

FLOW: Final = "/v1/flow/zero-dte"
NEW_YORK: Final = ZoneInfo("America/New_York")
UNKNOWN: Final = "–"
MINUTE_MS: Final = 60_000
#: Runs a function of modules: `(modules, argument) => result`.
Run: TypeAlias = Callable[..., Any]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """The page of a server, of which only the modules matter here."""
    with (
        served(create_app(ExampleService(), ServerSettings())) as url,
        browser.new_context() as context,
    ):
        page = context.new_page()
        page.goto(url)
        yield page


@pytest.fixture(scope="module")
def run(page: Page) -> Run:
    """Run a function with modules of the page, imported by name."""
    root = root_of(page.content())

    def runs(names: str, function: str, argument: object = None) -> Any:
        imported = ", ".join(f"import('{root}/{name}.js')" for name in names.split())
        return page.evaluate(
            f"async (argument) => ({function})(...await Promise.all([{imported}]), argument)",
            argument,
        )

    return runs


def written(run: Run, name: str, values: list[Any], *more: object) -> list[str]:
    """What a function of numbers.js writes of each value."""
    function = (
        "(numbers, [name, values, more]) => values.map((each) => numbers[name](each, ...more))"
    )
    texts: list[str] = run("numbers", function, [name, values, list(more)])
    return texts


def sizes(seed: int, count: int = 300) -> list[float]:
    """Numbers of all sizes and both signs."""
    draw = random.Random(seed)  # noqa: S311
    return [draw.choice((1, -1)) * 10 ** draw.uniform(0, 14.9) for _ in range(count)]


@pytest.mark.parametrize(
    "name", ["money", "dollars", "count", "price", "strike", "signed", "percent", "chance", "clock"]
)
def test_what_is_unknown_is_a_dash(run: Run, name: str) -> None:
    assert written(run, name, [None, math.nan, math.inf]) == [UNKNOWN] * 3


@pytest.mark.parametrize(("name", "prefix"), [("money", "$"), ("dollars", "$"), ("count", "")])
def test_three_digits_are_shown(run: Run, name: str, prefix: str) -> None:
    values = sizes(1)
    unit = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
    for value, text in zip(values, written(run, name, values), strict=True):
        said = text.replace(prefix, "").lstrip("+−")
        scale = unit.get(said[-1], 1.0)
        assert float(said.rstrip("KMBT")) * scale == pytest.approx(
            float(f"{abs(value):.3g}"), rel=1e-12
        )
        assert len(said.rstrip("KMBT").replace(".", "")) == 3
        sign = "−" if value < 0 else "+" if name == "money" else ""
        assert text.startswith(sign + prefix if name != "dollars" else prefix)


def test_numbers_at_the_borders_of_units(run: Run) -> None:
    values = [999.4, 999.6, 999_499, 999_500, -1e9, 0, 7, 1e12]
    wanted = ["+$999", "+$1.00K", "+$999K", "+$1.00M", "−$1.00B", "$0", "+$7", "+$1.00T"]
    assert written(run, "money", values) == wanted


def test_prices_have_cents_and_groups(run: Run) -> None:
    values = [round(value % 90_000, 4) for value in sizes(2)]
    cents = [Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP) for value in values]
    assert written(run, "price", values) == [f"{value:,}" for value in cents]
    signs = ["−" if value < 0 else "+" if value > 0 else "" for value in [-3.5, 0, 1234.5]]
    texts = [sign + text for sign, text in zip(signs, ("3.50", "0.00", "1,234.50"), strict=True)]
    assert written(run, "signed", [-3.5, 0, 1234.5]) == texts
    assert written(run, "strike", [6000, 6002.5, 31.25]) == ["6,000", "6,002.5", "31.25"]


def test_a_chance_is_never_rounded_to_sure(run: Run) -> None:
    values = [0, 0.004, 0.0999, 0.5, 0.99, 0.9951, 1]
    wanted = ["0%", "<1%", "10%", "50%", "99%", ">99%", "100%"]
    assert written(run, "chance", values) == wanted


def test_ages_and_durations(run: Run) -> None:
    assert written(run, "age", [0, 400, 9940, 52_000, 180_000, 7_200_000]) == [
        "0.0 s", "0.4 s", "9.9 s", "52 s", "3 min", "2 h",
    ]  # fmt: skip
    assert written(run, "duration", [0, 0.5, 1.999, 6.5]) == [
        "0 min", "30 min", "2 h 0 min", "6 h 30 min",
    ]  # fmt: skip
    assert written(run, "words", ["put_debit_spread", None]) == ["Put debit spread", UNKNOWN]


def test_times_are_those_of_new_york(run: Run) -> None:
    draw = random.Random(3)  # noqa: S311
    begin = int(datetime(2020, 1, 1, tzinfo=NEW_YORK).timestamp())
    times = [begin + draw.randrange(12 * 366 * 86_400) for _ in range(400)]
    there = [datetime.fromtimestamp(time, NEW_YORK) for time in times]
    millis = [1000 * time for time in times]
    assert written(run, "clock", millis) == [f"{time:%H:%M:%S}" for time in there]
    assert written(run, "dateOf", millis) == [f"{time:%Y-%m-%d}" for time in there]
    texts = [
        f"{datetime.fromtimestamp(time, ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}" for time in times
    ]
    assert written(run, "stamp", millis) == texts
    assert run("numbers", "(numbers, texts) => texts.map(numbers.instant)", texts) == millis


def test_an_hour_of_the_session_is_found_on_any_day(run: Run) -> None:
    # Every day of two years, so both changes of the clock.
    days = [datetime.fromordinal(datetime(2025, 1, 1).toordinal() + k) for k in range(730)]  # noqa: DTZ001
    asked = [[f"{day:%Y-%m-%d}", time] for day in days for time in ("09:30", "16:00", "13:05:30")]
    wanted = [
        datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=NEW_YORK).timestamp() * 1000
        for date, time in asked
    ]
    function = "(numbers, asked) => asked.map(([date, time]) => numbers.newYorkInstant(date, time))"
    assert run("numbers", function, asked) == wanted


READ: Final = "(url, search) => url.readAddress(search, 'dark')"
WRITE: Final = (
    "(url, search) => url.writeAddress({ ...url.readAddress(search, 'dark'), day: null })"
)
DEFAULTS: Final = {
    "symbol": "",
    "date": None,
    "at": None,
    "metric": "gex",
    "mode": "raw",
    "bar": "1m",
    "view": "one",
    "prices": None,
    "theme": "dark",
}


def test_an_address_is_read_and_written_alike(run: Run) -> None:
    address = (
        "/?s=SPX&d=2026-11-24&t=14:05:00&m=vex&mode=delta&bar=5m&view=grid&y=5560-5720.5&th=light"
    )
    at = datetime(2026, 11, 24, 14, 5, tzinfo=NEW_YORK).timestamp() * 1000
    assert run("url", READ, address[1:]) == {
        "symbol": "SPX",
        "date": "2026-11-24",
        "at": at,
        "metric": "vex",
        "mode": "delta",
        "bar": "5m",
        "view": "grid",
        "prices": [5560, 5720.5],
        "theme": "light",
    }
    assert run("url", WRITE, address[1:]) == address


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("", {}),
        ("?s=%20spx%20", {"symbol": "SPX"}),
        ("?m=theta&mode=x&bar=2m&view=three&th=blue", {}),
        ("?d=2026-02-31x&t=14:05", {}),
        ("?d=24.11.2026", {}),
        ("?t=14:05", {}),
        ("?d=2026-11-24&t=25h", {"date": "2026-11-24"}),
        ("?y=5720-5560", {}),
        ("?y=-5-x", {}),
        ("?key=secret&apiKey=secret", {}),
    ],
)
def test_what_an_address_says_wrongly_has_its_default(
    run: Run, search: str, wanted: dict[str, Any]
) -> None:
    assert run("url", READ, search) == DEFAULTS | wanted
    assert "secret" not in run("url", WRITE, search)


def test_colours_are_signed_and_of_equal_steps(run: Run) -> None:
    limit = 250.0
    values = [-1000.0, -250.0, -62.5, -1.0, 0.0, 1.0, 62.5, 250.0, 1000.0]
    steps = run(
        "scale",
        "(scale, [values, limit]) => values.map((each) => scale.step(each, limit))",
        [values, limit],
    )
    middle = steps[4]
    assert steps == sorted(steps)
    assert [step - middle for step in steps] == [middle - step for step in reversed(steps)]
    # A quarter of the limit has half of its colour: the signed root.
    assert (steps[6] - middle) * 2 == steps[7] - middle
    assert steps[8] == steps[7] == 2 * middle
    for theme, panel in (("dark", "#11141b"), ("light", "#ffffff")):
        table = run(
            "scale", "(scale, theme) => [...new Uint8Array(scale.colourTable(theme).buffer)]", theme
        )
        pixels = np.array(table).reshape(-1, 4)
        assert "#" + "".join(f"{channel:02x}" for channel in pixels[middle][:3]) == panel
        red_over_blue = pixels[:, 0].astype(int) - pixels[:, 2]
        assert (red_over_blue[: middle - 10] > 0).all()
        assert (red_over_blue[middle + 11 :] < 0).all()


def test_the_limit_is_a_quantile_of_what_is_not_zero(run: Run) -> None:
    draw = random.Random(4)  # noqa: S311
    for count in (0, 1, 2, 67, 1000):
        values = [draw.choice((None, 0.0, draw.gauss(0, 1e9))) for _ in range(count)]
        known = [abs(value) for value in values if value]
        wanted = np.quantile(known, 0.985, method="lower") if known else 1
        assert run("scale", "(scale, values) => scale.limitOf(values)", values) == wanted


def test_listeners_hear_once_of_what_changed(run: Run) -> None:
    function = """async ({ Store }) => {
      const store = new Store({ a: 1, b: 2, c: NaN });
      const heard = [];
      store.on(["a", "b"], () => heard.push([store.state.a, store.state.b]));
      store.on(["c"], () => heard.push("c"));
      store.set({ a: 3 }); store.set({ b: 4, c: NaN }); store.set({ a: 3 });
      const before = heard.length;
      await 0; await 0;
      store.touch("c");
      await 0; await 0;
      return [before, heard];
    }"""
    assert run("store", function) == [2, [[1, 2], "c", [3, 4], "c"]]


# The day, against a market.


@pytest.fixture(scope="module")
def session(still: Market) -> tuple[int, list[str]]:
    """The open, epoch ms, and the samples of the first minutes."""
    times = [bar["t"] for bar in still.bars()][:60]
    opened = (
        datetime.fromisoformat(times[0]).astimezone(NEW_YORK).replace(hour=9, minute=30, second=0)
    )
    return int(opened.timestamp() * 1000), times


DAY: Final = """({ Day }, { open, bars, appended, at, minutes }) => {
  const day = new Day("SPX", open, open + 390 * 60000);
  day.take(bars);
  const holes = appended.map((bar) => day.append(bar));
  return { times: day.times, bars: day.bars, holes, count: day.countAt(at), bar: day.barAt(at),
    change: day.change("hedge_flow_cumulative_all", at, minutes) };
}"""


def test_a_day_that_grew_is_one_that_was_loaded(
    run: Run, still: Market, session: tuple[int, list[str]]
) -> None:
    opened, _ = session
    bars = still.bars()[:60]
    known = {"open": opened, "at": None, "minutes": 5}
    whole = run("day", DAY, known | {"bars": bars, "appended": []})
    assert whole["bars"] == bars
    for count in (0, 1, 37):
        grown = run("day", DAY, known | {"bars": bars[:count], "appended": bars[count:]})
        assert grown | {"holes": []} == whole
        assert not any(grown["holes"])
    # Again, out of order, and one that is missing.
    shuffled = random.Random(5).sample(bars, len(bars))  # noqa: S311
    assert run("day", DAY, known | {"bars": shuffled, "appended": bars[20:30]})["bars"] == bars
    holed = run("day", DAY, known | {"bars": bars[:20], "appended": [bars[22]]})
    assert holed["holes"] == [True]


def test_a_day_cut_at_an_instant_is_the_answer_then(
    run: Run, still: Market, session: tuple[int, list[str]]
) -> None:
    opened, times = session
    bars = still.bars()[:60]
    for index, late_ms in ((0, 0), (17, 0), (40, 29_999), (59, 0)):
        answered = still.bars(at=times[index])
        at = int(datetime.fromisoformat(times[index]).timestamp() * 1000) + late_ms
        asked = {"open": opened, "bars": bars, "appended": [], "at": at, "minutes": 5}
        day = run("day", DAY, asked)
        assert day["bars"][: day["count"]] == answered
        assert day["bar"] == answered[-1]
        before = answered[-11]["hedge_flow_cumulative_all"] if len(answered) > 10 else 0
        assert day["change"] == answered[-1]["hedge_flow_cumulative_all"] - before


MAP: Final = """({ StrikeTime }, { open, length, answers, at }) => {
  const map = new StrikeTime(open, length);
  for (const [strikes, bars] of answers) map.take(strikes, bars, (bar) => bar.values);
  return { strikes: map.strikes, columns: map.columns, count: map.countAt(at),
    last: map.lastAt(at), sum: map.sumAt(at) };
}"""


@pytest.mark.parametrize("bar", ["1m", "5m"])
def test_a_map_in_parts_is_the_whole_and_its_past(
    run: Run, still: Market, session: tuple[int, list[str]], bar: str
) -> None:
    opened, times = session
    length = int(bar[0]) * MINUTE_MS

    def heatmap(at: str, minutes: int) -> tuple[list[float], list[dict[str, Any]]]:
        answer = still.get(f"{FLOW}/heatmap/SPX", metric="gex", bar=bar, minutes=minutes, at=at)
        return answer["strikes_grid"], answer["bars"]

    strikes, bars = heatmap(times[59], 390)
    at = int(datetime.fromisoformat(times[39]).timestamp() * 1000)
    asked = {"open": opened, "length": length, "at": at}
    whole = run("day", MAP, asked | {"answers": [(strikes, bars)]})
    assert whole["strikes"] == strikes
    assert [column for column in whole["columns"] if column] == [each["values"] for each in bars]
    parts = [heatmap(times[19], 390), heatmap(times[59], 20), heatmap(times[39], 10)]
    assert run("day", MAP, asked | {"answers": parts}) == whole
    past_strikes, past = heatmap(times[39], 390)
    assert past_strikes == strikes
    assert whole["columns"][: whole["count"]] == [each["values"] for each in past]
    assert whole["last"] == past[-1]["values"]
    sums = [
        sum(value or 0 for value in row) for row in zip(*(b["values"] for b in past), strict=True)
    ]
    assert whole["sum"] == pytest.approx(sums, rel=1e-12)


def test_strikes_that_appear_have_no_past(run: Run) -> None:
    answers = [
        ([10, 20], [{"t": "1970-01-01T00:01:00Z", "values": [1, None]}]),
        ([5, 20, 30], [{"t": "1970-01-01T00:02:00Z", "values": [2, 3, 4]}]),
    ]
    asked = {"open": 0, "length": MINUTE_MS, "answers": answers, "at": 2 * MINUTE_MS}
    map_ = run("day", MAP, asked)
    assert map_["strikes"] == [5, 10, 20, 30]
    assert map_["columns"] == [[None, 1, None, None], [2, None, 3, 4]]
    assert map_["sum"] == [2, 1, 3, 4]


def test_a_session_is_known_from_its_snapshot(
    run: Run, still: Market, session: tuple[int, list[str]]
) -> None:
    opened, times = session
    for at in (times[0], times[31]):
        snapshot = still.get(f"{FLOW}/snapshot/SPX", at=at)
        assert run("day", "(day, snapshot) => day.sessionOf(snapshot)", snapshot) == [
            opened, opened + 390 * MINUTE_MS,
        ]  # fmt: skip
    # The half day after Thanksgiving: 9:30 to 13:00.
    noon = datetime(2026, 11, 27, 12, tzinfo=NEW_YORK)
    half = {"as_of": noon.isoformat(), "time_to_close_hours": 1, "time_to_close_pct": 250 / 3.5}
    begin, end = (noon.replace(hour=h, minute=m).timestamp() * 1000 for h, m in ((9, 30), (13, 0)))
    assert run("day", "(day, snapshot) => day.sessionOf(snapshot)", half) == [begin, end]
