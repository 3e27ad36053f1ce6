"""The names of the package: one meaning for each, and nouns for classes."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import zerodte

PACKAGE = Path(zerodte.__file__).parent

#: Words that say what happened to a thing instead of what it is. A class may end in none of them.
PARTICIPLES = frozenset(
    "Kept Taken Shown Drawn Found Judged Told Said Heard Watched Seen Finished Begun Started Closed"
    " Gathered Chosen Given Held Sent Lost Gone Made Done Read Written Refused Scored Valued"
    " Settled Simulated Listed Joined Counted".split()
)
#: Private classes that repeat a name in another module, each to go.
REPEATED_PRIVATE = frozenset[str]()
#: Array types outside of `zerodte.arrays`: a dtype of the package's own layout, and numpy's protocol.
ARRAY_ALIASES = {"records.dbn.Records", "history.arrow.AnyArray"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package by its dotted name, parsed."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield ".".join(path.relative_to(PACKAGE).with_suffix("").parts), ast.parse(path.read_text())


def classes() -> dict[str, list[str]]:
    """The modules that define a class, by its name."""
    out: dict[str, list[str]] = defaultdict(list)
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                out[node.name].append(module)
    return out


def assignments(tree: ast.Module) -> Iterator[tuple[str, str, ast.expr]]:
    """The assignments at module level: name, annotation and value."""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, ast.unparse(node.annotation), value
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, "", value


def words(name: str) -> list[str]:
    """The words of a name in camel case: `_StoredGap` is Stored, Gap."""
    starts = [i for i, letter in enumerate(name) if letter.isupper()]
    return [name[a:b] for a, b in zip(starts, [*starts[1:], len(name)], strict=True)]


def test_a_public_class_has_a_name_of_its_own() -> None:
    repeated = {n: m for n, m in classes().items() if len(m) > 1 and not n.startswith("_")}
    assert repeated == {}


def test_private_classes_repeat_no_name() -> None:
    repeated = {n: m for n, m in classes().items() if len(m) > 1 and n.startswith("_")}
    assert repeated.keys() <= REPEATED_PRIVATE, repeated


def test_no_class_is_named_by_a_participle() -> None:
    named = {
        name: where
        for name, where in classes().items()
        if words(name)[-1:] and words(name)[-1] in PARTICIPLES
    }
    assert named == {}


def test_array_types_are_those_of_one_module() -> None:
    found = {
        f"{module}.{name}": ast.unparse(value)
        for module, tree in modules()
        if module != "arrays"
        for name, annotation, value in assignments(tree)
        if annotation == "TypeAlias"
        and ("NDArray" in ast.unparse(value) or "ndarray" in ast.unparse(value))
    }
    assert found.keys() <= ARRAY_ALIASES, found


def test_a_public_constant_has_one_value() -> None:
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for module, tree in modules():
        for name, _, value in assignments(tree):
            if name.isupper() and not name.startswith("_"):
                values[name][module] = ast.unparse(value)
    assert {name: by for name, by in values.items() if len(by) > 1} == {}
