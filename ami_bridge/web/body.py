"""Bodies of requests and answers: JSON, in the form of a struct."""

import asyncio
from typing import TypeVar

import msgspec
from aiohttp import web
from multidict import MultiMapping

from ami_bridge.errors import BadRequestError
from ami_bridge.wire import encode

T = TypeVar("T")

ARRIVES_WITHIN = 10.0
"""Seconds for a whole body."""


async def read_body(request: web.Request, kind: type[T]) -> T:
    """Read a JSON body of this form; raises BadRequestError with one sentence.

    Only `application/json` counts: a foreign page cannot send that without asking first.
    """
    if request.content_type != "application/json":
        raise BadRequestError("The body must be application/json.")
    try:
        async with asyncio.timeout(ARRIVES_WITHIN):
            body = await request.read()
    except TimeoutError as error:
        raise BadRequestError("The body did not arrive in time.") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise BadRequestError("The body did not arrive whole.") from error
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequestError(f"The body is not what this address takes: {error}.") from error


async def read_form(request: web.Request) -> MultiMapping[object]:
    """Read the fields of a form; raises BadRequestError with one sentence."""
    try:
        async with asyncio.timeout(ARRIVES_WITHIN):
            return await request.post()
    except TimeoutError as error:
        raise BadRequestError("The form did not arrive in time.") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise BadRequestError("The form did not arrive whole.") from error
    except (ValueError, LookupError) as error:  # of another charset than it says, or of none that there is
        raise BadRequestError("The form cannot be read.") from error


def answer(what: object, status: int = 200) -> web.Response:
    """Answer with this as JSON."""
    return web.Response(status=status, body=encode(what), content_type="application/json")
