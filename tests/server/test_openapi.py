"""The OpenAPI document: sound in itself, and true of real answers."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from zerodte.server.app import ROUTES
from zerodte.wire.errors import OWN_SHAPES, STATUS
from zerodte.wire.flat import FlatBody

Json = dict[str, Any]

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


DOCUMENTED = [route for route in ROUTES if route.is_documented]


@pytest.fixture
def document(client: httpx.Client) -> Json:
    described: Json = client.get("/openapi.json").json()
    return described


def test_it_names_every_route_with_its_parameters(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "http://zerodte.example"}]
    assert list(document["paths"]) == [route.path for route in DOCUMENTED]
    for route in DOCUMENTED:
        operation = document["paths"][route.path]["get"]
        places = {given["name"]: given["in"] for given in operation["parameters"]}
        in_path = {"symbol": "path"} if "{symbol}" in route.path else {}
        assert places == dict.fromkeys(route.query.__struct_fields__, "query") | in_path
        assert operation["x-access"] == route.plan
    operations = [path["get"]["operationId"] for path in document["paths"].values()]
    assert len(set(operations)) == len(operations)


def test_generators_of_clients_can_read_it(document: Json) -> None:
    """They know no schema but objects, and name a parameter's type after its operation."""
    assert not [node for node in nodes(document) if node.get("items") is False]
    shapes = {re.sub(r"[^a-z]", "", name.lower()) for name in document["components"]["schemas"]}
    for path in document["paths"].values():
        operation = path["get"]["operationId"].replace("_", "")
        for given in path["get"]["parameters"]:
            assert operation + given["name"].replace("_", "") not in shapes


def test_a_tuple_has_its_length(document: Json) -> None:
    interval = document["components"]["schemas"]["PinProbability"]["properties"]["interval"]
    (pair,) = [kind for kind in interval["anyOf"] if kind.get("type") == "array"]
    bounds = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    assert pair == bounds
    assert faults([0.1], pair, document)
    assert faults([0.1, "x"], pair, document)


def test_every_failure_of_a_route_is_there(document: Json) -> None:
    for route in DOCUMENTED:
        responses = document["paths"][route.path]["get"]["responses"]
        for code in route.endpoint.codes:
            assert code in responses[str(STATUS[code])]["description"]


def test_headers_and_tickets_are_described(document: Json, client: httpx.Client) -> None:
    """Those that an answer has are those of its route."""
    snapshot = document["paths"]["/v1/flow/zero-dte/snapshot/{symbol}"]["get"]
    told = snapshot["responses"]["200"]["headers"]
    sent = client.get("/v1/flow/zero-dte/snapshot/SPX").headers
    assert "ETag" in told
    assert sent["etag"]
    assert {name for name in told if name.startswith("X-RateLimit")} == {
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"
    }  # fmt: skip
    assert "Retry-After" in snapshot["responses"]["429"]["headers"]
    health = document["paths"]["/health"]["get"]["responses"]["200"]
    assert "headers" not in health
    assert "etag" not in client.get("/health").headers
    for path, operation in document["paths"].items():
        is_stream = "/stream" in path and "ticket" not in path
        ways = [name for way in operation["get"].get("security", ()) for name in way]
        assert ("ticket" in ways) is is_stream, path


def test_every_reference_leads_somewhere_and_every_shape_is_used(document: Json) -> None:
    components = document["components"]
    named = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "headers")
        for name in components[kind]
    }
    assert set(references(document)) == named


def test_every_field_of_every_shape_says_what_it_is(document: Json) -> None:
    shapes = document["components"]["schemas"]
    for name, shape in shapes.items():
        assert shape["description"], name
        for field, schema in shape.get("properties", {}).items():
            inner = [schema, *(shapes[r.rpartition("/")[2]] for r in references(schema))]
            said = any(part.get("description") for part in inner) or schema.get("type") == "null"
            assert said, f"{name}.{field}"


@pytest.mark.parametrize("symbol", ["SPX", "TSLA", "QQQ", "XYZ", "WARM"])
def test_answers_are_as_described(
    client: httpx.Client, service: Any, document: Json, symbol: str
) -> None:
    service.reasons = ("not well",) if symbol == "WARM" else ()
    for path, item in document["paths"].items():
        if "text/event-stream" in item["get"]["responses"]["200"]["content"]:
            continue
        answer = client.get(path.format(symbol=symbol))
        response = item["get"]["responses"][str(answer.status_code)]
        media = answer.headers["content-type"].partition(";")[0]
        schema = response["content"][media]["schema"]
        if media == "application/json":
            assert faults(answer.json(), schema, document) == []


def test_every_answer_and_every_error_has_an_example(document: Json) -> None:
    """Of each shape and each code, as it is now: no field is missing, none is unknown."""
    hint = "run python -m server.record_examples in tests"
    for route in DOCUMENTED:
        responses = document["paths"][route.path]["get"]["responses"]
        for status, response in responses.items():
            (content,) = response["content"].values()
            if int(status) not in (200, *route.endpoint.also):
                examples = content["examples"]
                assert examples.keys() == set(response["description"].split(": ")[1].split(", "))
                for code, example in examples.items():
                    assert code in OWN_SHAPES or example["value"]["error"] == code
            elif route.media == "json" and route.endpoint.answers:
                examples = content["examples"]
                names = [
                    shape.name if isinstance(shape, FlatBody) else shape.__name__
                    for shape in route.endpoint.answers
                ]
                assert examples.keys() == set(names), f"{route.path}: {hint}"
                for name in names:
                    named = {"$ref": f"#/components/schemas/{name}"}
                    found = unknown(examples[name]["value"], named, document)
                    assert found == [], f"{route.path}: {hint}"
            else:
                assert route.media in ("html", "json") or content["example"]
                continue
            for example in examples.values():
                wrong = faults(example["value"], content["schema"], document)
                assert wrong == [], f"{route.path}: {hint}"


def unknown(value: Any, schema: Json, document: Json, at: str = "example") -> list[str]:
    """Fields within a value that a schema does not know."""
    if isinstance(value, list):
        items = schema.get("items", {})
        return [found for item in value for found in unknown(item, items, document, f"{at}[]")]
    if not isinstance(value, dict):
        return []
    fields = properties(schema, document)
    found = [f"{at}.{name}" for name in value if fields and name not in fields]
    for name, inner in fields.items():
        if name in value:
            found += unknown(value[name], inner, document, f"{at}.{name}")
    return found


def properties(schema: Json, document: Json) -> Json:
    """The fields of a schema, through references, and of all its parts."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    fields = dict(schema.get("properties", {}))
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        fields |= properties(part, document)
    return fields


def test_the_check_finds_what_is_wrong(client: httpx.Client, document: Json) -> None:
    path = "/v1/flow/zero-dte/snapshot/{symbol}"
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    sound = client.get("/v1/flow/zero-dte/snapshot/SPX").json()
    for spoilt in (
        {name: sound[name] for name in sound if name != "regime"},
        sound | {"regime": sound["regime"] | {"label": "bullish"}},
        sound | {"strikes": [sound["strikes"][0] | {"call_oi": 1.5}]},
        sound | {"body": sound["body"] | {"warnings": None}},
    ):
        assert faults(spoilt, schema["schema"], document)


def nodes(node: Any) -> Iterator[Json]:
    """Every object in a piece of a document."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def references(node: Any) -> list[str]:
    """Every reference in a piece of a document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in references(value)]
    return (
        [found for value in node for found in references(value)] if isinstance(node, list) else []
    )


def faults(value: Any, schema: Json, document: Json, at: str = "answer") -> list[str]:
    """Where a value departs from a schema: the part of JSON Schema that the document uses."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] | {
            key: kept for key, kept in schema.items() if key != "$ref"
        }
    found: list[str] = []
    if choices := schema.get("anyOf"):
        tried = [faults(value, choice, document, at) for choice in choices]
        nearest: list[str] = min(tried, key=len)
        found += nearest
    for part in schema.get("allOf", ()):
        found += faults(value, part, document, at)
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is {value!r}")
    if kind := schema.get("type"):
        exact = isinstance(value, TYPES[kind]) and (
            kind == "boolean" or not isinstance(value, bool)
        )
        if not exact:
            return [*found, f"{at} is {value!r}, not a {kind}"]
    found += [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            found += faults(value[name], inner, document, f"{at}.{name}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{at} has {len(value)} items")
        for position, item in enumerate(value):
            found += faults(item, schema.get("items", {}), document, f"{at}[{position}]")
    return found
