from jsonschema import Draft202012Validator
from msgspec import Struct

from ami_bridge.web.openapi import OPERATIONS, Operation, document


class Inner(Struct):
    words: tuple[str, ...] = ("one",)


class Outer(Struct):
    inner: Inner
    others: list[Inner]


WHOLE = document(
    (
        *OPERATIONS,
        Operation(method="POST", path="/api/v1/outers", summary="Make", status=201, body=Outer, result=Outer),
        Operation(method="GET", path="/api/v1/outers", summary="List", result=list[Inner], query=("q", "after")),
        Operation(method="DELETE", path="/api/v1/outers/{id}", summary="Remove", status=204, errors=("gone", "busy")),
    )
)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    schemas = WHOLE["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)

    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if "$ref" in node else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    assert references(WHOLE) <= {f"#/components/schemas/{name}" for name in schemas}


def test_an_operation_tells_its_parameters_and_all_its_errors() -> None:
    remove = WHOLE["paths"]["/api/v1/outers/{id}"]["delete"]
    assert [one["name"] for one in remove["parameters"]] == ["id"]
    assert remove["responses"]["409"]["description"] == "gone, busy"
    assert set(remove["responses"]) == {"204", "401", "409", "500", "503"}
    assert [one["in"] for one in WHOLE["paths"]["/api/v1/outers"]["get"]["parameters"]] == ["query", "query"]


def test_one_address_has_all_its_methods_each_with_its_own_bodies() -> None:
    both = WHOLE["paths"]["/api/v1/outers"]
    json = "application/json"
    assert both["post"]["requestBody"]["content"][json]["schema"] == {"$ref": "#/components/schemas/Outer"}
    assert both["post"]["responses"]["201"]["content"][json]["schema"] == {"$ref": "#/components/schemas/Outer"}
    assert both["get"]["responses"]["200"]["content"][json]["schema"]["type"] == "array"


def test_what_needs_no_credential_says_so() -> None:
    assert WHOLE["paths"]["/api/v1/openapi.json"]["get"]["security"] == []
    assert "security" not in WHOLE["paths"]["/api/v1/outers"]["get"]
