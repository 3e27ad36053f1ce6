"""The docs are held to the code: links, examples, constants, fields, commands, dependencies."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
from msgspec import inspect

from zerodte import arrays, constants
from zerodte.cli import main
from zerodte.feeds.simulator import parameters, quote_kernel, seed_draw, world_parameters
from zerodte.wire.envelope import DataAsOf
from zerodte.wire.exposure import ExposureBlocks, Head
from zerodte.wire.text import MEASURED

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "examples" / "README.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\| `([^|]*)` \| ([^|]*) \|", re.MULTILINE)

#: Fields that hold a name, a sentence or a time.
NO_FIGURES = {
    *("endpoint_version", "source", "symbol", "expiration", "as_of", "market_open", "strike"),
    *("call_symbol", "put_symbol", "description", "charm_description"),
    *(field.name for field in msgspec.structs.fields(DataAsOf)),
}

page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def blocks(path: Path, language: str) -> Iterator[str]:
    """The fenced blocks of a language."""
    return (text for name, text in _FENCE.findall(path.read_text()) if name == language)


def rows(path: Path) -> dict[str, str]:
    """Rows of tables that begin with a name in code: each name there, to its second cell."""
    found = _ROW.findall(path.read_text())
    return {name: cell for names, cell in found for name in names.split("`, `")}


def anchors(path: Path) -> set[str]:
    """What a link can point to within a page, as GitHub names its headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@page
def test_links_lead_somewhere(path: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", path.read_text())):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@page
def test_python_examples_compile(path: Path) -> None:
    for text in blocks(path, "python"):
        compile(text, str(path), "exec")


@page
def test_json_examples_are_json(path: Path) -> None:
    for text in blocks(path, "json"):
        for document in [text] if path.name == "README.md" else text.splitlines():
            msgspec.json.decode(document)


@page
def test_docs_speak_of_the_project_alone(path: Path) -> None:
    text = path.read_text()
    for word in ("../shared", "/work/", "/tmp/"):  # noqa: S108
        assert word not in text


def test_every_page_is_in_the_index() -> None:
    linked = set(_LINK.findall((DOCS / "README.md").read_text()))
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= linked


def test_every_constant_is_documented_with_its_value() -> None:
    documented = rows(DOCS / "model.md")
    values = {n: v for n, v in vars(constants).items() if n.isupper()}
    assert "VARIANCE_PROFILE" in values
    assert values.keys() - documented.keys() == set()
    for name, value in values.items():
        assert spoken(value) in documented[name], name


def test_every_parameter_of_the_simulated_world_is_documented_with_its_value() -> None:
    documented = rows(DOCS / "simulator.md")
    parameters = {name: value for name, value in vars(world_parameters).items() if name.isupper()}
    assert "IMPACT" in parameters
    for name, value in parameters.items():
        assert spoken(value) == documented[name], name


def test_every_parameter_of_the_simulated_flow_is_documented_with_its_value() -> None:
    documented = rows(DOCS / "simulator.md")
    values: dict[str, object] = {
        name: value
        for module in (parameters, quote_kernel)
        for name, value in vars(module).items()
        if name.isupper() and name[0] != "_" and name not in ("KINDS", "TICK_CHANGE", *vars(arrays))
    }
    values |= {name: kind.share for name, kind in parameters.KINDS.items()}
    values |= {**seed_draw.RANGES, "MIX_RANGE": seed_draw.MIX_RANGE}
    assert {"SIZES", "DIRTY", "condors", "limit"} <= values.keys()
    for name, value in values.items():
        assert spoken(value) == documented[name], name


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (15 * constants.SECOND, "15 s"),
        (constants.HOUR, "3,600 s"),
        (241, "241"),
        (0.60, "0.6"),
        ((30.0, 5_000.0), "30, 5,000"),
        ((("up", 0.001), ("down", -0.001)), "up 0.001, down -0.001"),
        ({"quote": 0.27}, "quote 0.27"),
        ("signed_v1", "signed_v1"),
    ],
)
def test_how_values_are_spoken(value: object, words: str) -> None:
    assert spoken(value) == words


def spoken(value: object) -> str:
    """A constant as docs/model.md writes it."""
    match value:
        case str():
            return value
        case int() if value and value % constants.SECOND == 0:
            return f"{value // constants.SECOND:,} s"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,g}"
        case (str(name), part):
            return f"{name} {spoken(part)}"
        case dict():
            return spoken(tuple(value.items()))
        case tuple():
            return ", ".join(spoken(part) for part in value)
    raise TypeError(f"a constant of a kind that no page writes yet: {value!r}")


def test_every_figure_is_defined() -> None:
    defined = set(re.findall(r"`(\w+)`", (DOCS / "model.md").read_text()))
    fields = {*figures(inspect.type_info(ExposureBlocks)), *figures(inspect.type_info(Head))}
    assert {"gamma_flip", "pin_score", "call_theta", "time_to_close_pct"} <= fields
    assert fields - NO_FIGURES - defined == set()


def figures(kind: inspect.Type, name: str = "") -> Iterator[str]:
    """The names of all fields within a type, those that hold others apart."""
    match kind:
        case inspect.Metadata(type=inner) | inspect.ListType(item_type=inner):
            yield from figures(inner, name)
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from figures(field.type, field.name)
        case _:
            yield name


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, by its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield " ".join(("zerodte", *above, name)), command


def test_every_command_and_option_is_documented() -> None:
    head, *parts = re.split(r"^## ", (DOCS / "cli.md").read_text(), flags=re.MULTILINE)
    sections = {part.partition("`")[2].partition("`")[0]: part for part in parts}
    known = dict(commands(main))
    assert sections.keys() == known.keys()
    for name, command in known.items():
        options = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
        table = set(re.findall(r"^\| `(--[\w-]+)` \|", sections[name], re.MULTILINE))
        assert table == options, name
        arguments = [p.make_metavar(click.Context(command)) for p in arguments_of(command)]
        assert not arguments or f"`{name} {' '.join(arguments)}`" in sections[name]
    for option in ("--help", "-h", "--version"):
        assert option in head


def arguments_of(command: click.Command) -> list[click.Argument]:
    return [p for p in command.params if isinstance(p, click.Argument)]


@page
def test_commands_that_are_shown_exist(path: Path) -> None:
    known = dict(commands(main))
    for text in blocks(path, "sh"):
        for line in re.findall(r"^(?:\.venv/bin/)?(zerodte [a-z].*)$", text, re.MULTILINE):
            words = shlex.split(line, comments=True)
            name = " ".join(words[: 3 if words[1] in ("import", "config", "keys", "alerts") else 2])
            assert name in known, line
            options = {o for p in known[name].params for o in p.opts}
            assert {word for word in words if word.startswith("--")} <= options, line


def test_every_dependency_is_documented_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(each for extra in extras for each in extra)]
    names = {re.split(r"[<>=!~; \[]", requirement)[0] for requirement in requirements}
    vendor = ROOT / "src" / "zerodte" / "server" / "ui" / "vendor" / "vendor.json"
    vendored = {package["name"]: package for package in json.loads(vendor.read_text())}
    documented = rows(DOCS / "dependencies.md")
    assert documented.keys() == names | vendored.keys()
    assert {name: documented[name] for name in vendored} == {
        name: package["version"] for name, package in vendored.items()
    }


def test_every_room_is_documented_and_no_other() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = contract["contracts"][0]["layers"]
    rooms = [room for layer in layers for room in layer.split(" | ")]
    assert list(rows(DOCS / "architecture.md")) == rooms


def test_what_is_claimed_of_dealers_gamma_is_what_was_measured() -> None:
    page = (ROOT / "docs" / "evaluate.md").read_text()
    rows = dict(re.findall(r"^\| (convention, settled|inventory) \| (.*) \|$", page, re.MULTILINE))
    cells = {name: row.split(" | ") for name, row in rows.items()}
    signs = [float(cells[name][0].split()[0]) for name in ("convention, settled", "inventory")]
    covered = float(cells["inventory"][-1].split()[0])
    claimed = [int(share) for share in re.findall(r" in (\d+)%", MEASURED)]
    assert claimed == [round(share) for share in (*signs, covered)]
