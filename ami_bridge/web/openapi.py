"""The contract of the REST side: an OpenAPI document made from a list of operations."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from ami_bridge.web.body import answer
from ami_bridge.web.problem import STATUS, Problem
from ami_bridge.wire import encode

PATH = "/api/v1/openapi.json"


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one address."""

    method: str
    path: str
    summary: str
    status: int = 200
    body: Any = None
    """Type of the request's body."""
    result: Any = None
    """Type of the answer's body; None where there is none."""
    errors: tuple[str, ...] = ()
    """Codes that this operation may answer with besides those of every operation."""
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    """Headers that it needs besides those of every operation."""
    anybody: bool = False
    """Whether it needs no credential."""


OPERATIONS = (Operation(method="GET", path=PATH, summary="This document", result=dict[str, Any], anybody=True),)


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document as plain data."""
    operations = tuple(operations)
    kinds = [kind for one in operations for kind in (one.body, one.result) if kind is not None]
    found, components = msgspec.json.schema_components([*kinds, Problem], ref_template="#/components/schemas/{name}")
    schemas = iter(found)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        entry: dict[str, Any] = {"summary": one.summary, "operationId": _name(one)}
        if parameters := [*_parameters(one)]:
            entry["parameters"] = parameters
        if one.body is not None:
            entry["requestBody"] = {"required": True, "content": {"application/json": {"schema": next(schemas)}}}
        success: dict[str, Any] = {"description": "Done"}
        if one.result is not None:
            success["content"] = {"application/json": {"schema": next(schemas)}}
        entry["responses"] = {str(one.status): success, **_failures(one)}
        if one.anybody:
            entry["security"] = []
        paths.setdefault(one.path, {})[one.method.lower()] = entry
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "ami-bridge", "version": "1"},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-amib"},
            },
        },
    }
    plain: dict[str, Any] = msgspec.json.decode(encode(whole))  # defaults of structs may hold tuples
    return plain


def openapi_routes(operations: Iterable[Operation]) -> Callable[[web.UrlDispatcher], None]:
    """Serve the document of these operations and its own."""
    whole = document((*operations, *OPERATIONS))

    async def show(_request: web.Request) -> web.Response:
        return answer(whole)

    def add(router: web.UrlDispatcher) -> None:
        router.add_get(PATH, show)

    return add


def _parameters(one: Operation) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", one.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name in one.query:
        yield {"name": name, "in": "query", "schema": {"type": "string"}}
    for name in one.headers:
        yield {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}


def _failures(one: Operation) -> dict[str, Any]:
    """All codes by their status; those that any operation may answer with included."""
    always = ("internal", "unavailable") if one.anybody else ("internal", "unavailable", "unauthorised")
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*always, *(("bad_request", "too_large") if one.body is not None else ()), *one.errors)):
        by_status.setdefault(STATUS[code], []).append(code)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {"description": ", ".join(codes), "content": content}
        for status, codes in sorted(by_status.items())
    }


def _name(one: Operation) -> str:
    words = re.findall(r"\w+", one.path.removeprefix("/api/v1"))
    return "_".join([one.method.lower(), *words])
