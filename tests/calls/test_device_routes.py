"""One's own telephones over HTTP."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import ClientSession

from ami_bridge.calls.device_routes import DeviceRoutes
from ami_bridge.calls.devices import Device
from ami_bridge.config import Web
from ami_bridge.errors import NotFoundError
from ami_bridge.web.server import serve
from tests.calls.test_routes import Guard

PHONE = Device(
    id="PJSIP/101", pbx="town", extension="101", label="snom", model=None, registered=True,
    capabilities=("hold",), chosen=False,
)  # fmt: skip


class Devices:
    def __init__(self) -> None:
        self.choices: list[tuple[str, str | None]] = []

    def of(self, login: str) -> Sequence[Device]:
        return [PHONE] if login == "anna" else []

    async def choose(self, login: str, device: str | None) -> None:
        if device == "PJSIP/102":
            raise NotFoundError("This is not one of your telephones.")
        self.choices.append((login, device))


async def asked(devices: Devices, method: str, path: str, body: object = None, scope: str = "dial") -> tuple[int, Any]:
    routes = DeviceRoutes(guard=Guard(scope), devices=devices)
    async with (
        serve(Web(listen="http://127.0.0.1:0"), add_routes=[routes.add_to]) as port,
        ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}/api/v1/{path}", json=body) as got,
    ):
        return got.status, await got.json()


async def test_ones_own_are_told() -> None:
    status, told = await asked(Devices(), "GET", "devices")
    assert status == 200
    assert told == {
        "devices": [
            {
                "id": "PJSIP/101", "pbx": "town", "extension": "101", "label": "snom", "model": None,
                "registered": True, "capabilities": ["hold"], "chosen": False,
            }
        ]
    }  # fmt: skip


async def test_one_is_chosen_or_none() -> None:
    devices = Devices()
    assert (await asked(devices, "PUT", "devices/chosen", {"device": "PJSIP/101"}))[0] == 200
    assert (await asked(devices, "PUT", "devices/chosen", {"device": None}))[0] == 200
    assert devices.choices == [("anna", "PJSIP/101"), ("anna", None)]


@pytest.mark.parametrize(
    ("method", "path", "body", "scope", "status"),
    [
        ("GET", "devices", None, "events", 403),
        ("PUT", "devices/chosen", {"device": "PJSIP/101"}, "events", 403),
        ("PUT", "devices/chosen", {"device": "PJSIP/102"}, "dial", 404),
        ("PUT", "devices/chosen", {}, "dial", 400),
        ("PUT", "devices/chosen", {"device": 5}, "dial", 400),
        ("PUT", "devices/chosen", {"device": None, "channel": "x"}, "dial", 400),
    ],
)
async def test_what_is_refused_changes_nothing(method: str, path: str, body: object, scope: str, status: int) -> None:
    devices = Devices()
    assert (await asked(devices, method, path, body, scope))[0] == status
    assert devices.choices == []
