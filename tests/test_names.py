"""The names of the package: one meaning per name, and nouns for classes."""

import ast
import functools
import importlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import zerodte

PACKAGE = Path(zerodte.__file__).parent

#: Participles say what happened to a thing, not what it is. No class name ends in one of them.
PARTICIPLES = {
    *("Begun", "Broken", "Chosen", "Closed", "Counted", "Done", "Drawn", "Finished", "Found"),
    *("Gathered", "Given", "Gone", "Heard", "Held", "Joined", "Judged", "Kept", "Listed", "Lost"),
    *("Made", "Read", "Refused", "Said", "Seen", "Sent", "Served", "Settled", "Shown", "Started"),
    *("Stored", "Streamed", "Taken", "Told", "Valued", "Versioned", "Watched", "Windowed"),
    "Written",
}
#: A code of the published API names its answer.
PUBLISHED = {"SessionClosed"}
#: Array types outside `zerodte.arrays`: arrays of any type, for Arrow alone.
ARRAY_TYPES = {"history.arrow.AnyArray"}


@functools.cache
def modules() -> list[tuple[str, ast.Module]]:
    """Every module of the package, parsed, by its dotted name within the package."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append((".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text())))
    return found


@functools.cache
def classes() -> dict[str, list[str]]:
    """The modules that define each class name."""
    out: dict[str, list[str]] = defaultdict(list)
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                out[node.name].append(module)
    return out


def assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The names that a module assigns at its top level, with their values."""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value


def last_word(name: str) -> str:
    """The last word of a name in camel case: Gap of `_StoredGap`."""
    return name[max((i for i, letter in enumerate(name) if letter.isupper()), default=0) :]


def test_the_package_is_read() -> None:
    assert {"Session", "Simulation", "ReplayObserver"} <= classes().keys()
    assert {"constants", "feeds.simulator.trading"} <= {module for module, _ in modules()}
    assert [last_word(name) for name in ("_StoredGap", "Kept", "MarketState")] == [
        *("Gap", "Kept", "State")
    ]


def test_no_two_classes_share_a_name() -> None:
    assert {name: where for name, where in classes().items() if len(where) > 1} == {}


def test_no_class_is_named_by_a_participle() -> None:
    named = {
        name: where
        for name, where in classes().items()
        if last_word(name) in PARTICIPLES and name not in PUBLISHED
    }
    assert named == {}


def test_array_types_are_those_of_one_module() -> None:
    found = {
        f"{module}.{name}"
        for module, tree in modules()
        if module != "arrays"
        for name, value in assignments(tree)
        if isinstance(value, ast.Subscript) and "ndarray" in ast.unparse(value.value).lower()
    }
    assert found == ARRAY_TYPES


def test_a_public_constant_has_one_value() -> None:
    defined: dict[str, dict[str, object]] = defaultdict(dict)
    for module, tree in modules():
        for name, _ in assignments(tree):
            if name.isupper() and len(name) > 1 and not name.startswith("_"):
                path = f"zerodte.{module}" if module != "__init__" else "zerodte"
                defined[name][module] = getattr(importlib.import_module(path), name)
    different = {
        name: list(values)
        for name, values in defined.items()
        if len({repr(value) for value in values.values()}) > 1
    }
    assert different == {}
