"""One message to the receiver that is configured, within limits, and to no other address than it may have."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from ami_bridge import __version__
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.journal.forms import Message

WITHIN = 10.0
"""Seconds for the whole of it."""
NOT_NOW = frozenset({408, 425, 429})
SERVER_AT_FAULT = 500

Network = IPv4Network | IPv6Network


class Poster(Protocol):
    """Sends one message."""

    async def send(self, message: Message) -> None:
        """Send it; raises NotReachableError where later may be better, RefusedError where the answer is no."""


class Post:
    """Sends messages to where they may go."""

    def __init__(self, networks: Sequence[Network]) -> None:
        """`networks` may be written to besides the internet."""
        self._networks = networks

    async def send(self, message: Message) -> None:
        """Send it; raises NotReachableError where later may be better, RefusedError where the answer is no."""
        host = urlsplit(message.url).hostname or ""
        connector = aiohttp.TCPConnector(
            resolver=_Checked(self._networks), use_dns_cache=False, force_close=True, limit=1
        )
        try:
            if _is_address(host) and not may_have(host, self._networks):
                raise NotReachableError(FORBIDDEN)
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=aiohttp.ClientTimeout(total=WITHIN),
                    headers={"User-Agent": f"ami-bridge/{__version__}"},
                ) as session,
                session.request(
                    message.method,
                    URL(message.url.replace("http+insecure://", "http://", 1), encoded=True),
                    data=message.body,
                    headers=message.headers,
                    allow_redirects=False,  # it would be another address than the one that was allowed
                ) as response,
            ):
                status = response.status
        except TimeoutError as error:
            raise NotReachableError("it did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotReachableError(f"it cannot be reached: {type(error).__name__}") from error
        finally:
            await connector.close()
        if status in NOT_NOW or status >= SERVER_AT_FAULT:
            raise NotReachableError(f"it answered {status}")
        if not 200 <= status < 300:  # noqa: PLR2004
            raise RefusedError(f"it answered {status}")


FORBIDDEN = "its address is no part of the internet, and not in [missed_webhook.networks]"


class _Checked(AbstractResolver):
    """Finds addresses of a name, and gives back those alone that may be written to: to these the connection goes."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        allowed = [one for one in found if may_have(one["host"], self._networks)]
        if not allowed:
            raise OSError(FORBIDDEN)
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


def may_have(address: str, networks: Sequence[Network]) -> bool:
    """Whether a receiver may have this address: in the internet, or in a network that is named."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return (ip.is_global and not ip.is_multicast) or any(ip in network for network in networks)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
