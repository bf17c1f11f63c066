"""The document against the router it describes."""

from aiohttp import ClientSession, web
from jsonschema import Draft202012Validator

from ami_bridge.people.routes import OPERATIONS
from ami_bridge.web.openapi import OPERATIONS as OWN
from ami_bridge.web.openapi import document, openapi_routes
from tests.people.conftest import Browser, House

WHOLE = document((*OPERATIONS, *OWN))


def test_the_document_names_exactly_the_routes_that_exist(house: House) -> None:
    app = web.Application()
    house.routes.add_to(app.router)
    openapi_routes(OPERATIONS)(app.router)
    exist = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert {(method, path) for path, methods in WHOLE["paths"].items() for method in methods} == exist


async def test_the_document_is_public_and_what_the_routes_answer_is_what_it_says(anna: Browser, house: House) -> None:
    async with ClientSession(house.origin) as session, session.get("/api/v1/openapi.json") as got:
        assert (got.status, await got.json()) == (200, WHOLE)
    components = {"components": WHOLE["components"]}
    answers = [
        ("get", "/me", await anna.send("GET", "/me")),
        ("post", "/tokens", await anna.send("POST", "/tokens", {"name": "x"})),
        ("get", "/tokens", await anna.send("GET", "/tokens")),
        ("delete", "/tokens/{id}", await anna.send("DELETE", "/tokens/nothing")),
        ("post", "/session", await anna.send("POST", "/session", {"user": "anna", "password": "x"})),
        ("post", "/session", await anna.send("POST", "/session", {"user": "anna"})),
    ]
    for method, path, response in answers:
        described = WHOLE["paths"][f"/api/v1{path}"][method]["responses"][str(response.status)]
        schema = described["content"][response.content_type]["schema"]
        Draft202012Validator({**schema, **components}).validate(await response.json(content_type=None))
