"""The addresses that a webhook may go to: resolved for each attempt, checked, and then connected to as they are. asyncio.

Loopback and private addresses are allowed, because only the administrator sets the URL, in the environment, and receivers
stand on the gate's own network. Refused are addresses that no receiver has: unspecified, multicast, link-local (a cloud's
metadata service lives there) and reserved ones. Connecting to the checked address itself leaves no second resolution that
could say something else.
"""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from api.alarms.name_lookup import look_up

__all__ = ["AddressError", "Target", "WebhookHost"]

MOST_ADDRESSES: Final = 4

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(Exception):
    """A host that has no address to which a webhook may go."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the URL with the checked address in it, the Host header, the name for TLS."""

    url: str
    host: str
    server_name: str


class WebhookHost:
    """The host of a webhook's URL. At most one look-up of its name goes on, shared by all who ask meanwhile."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._name = self._parts.hostname or ""
        self._port = self._parts.port or (443 if self._parts.scheme == "https" else 80)
        self._going_on: asyncio.Future[list[str]] | None = None

    async def targets(self) -> list[Target]:
        """Where to connect, in the order to try it; who asks sets a deadline. Raises AddressError."""
        try:
            found = await self._look_up()
        except OSError as error:
            raise AddressError(f"the host's name cannot be resolved: {error.strerror}") from None
        except UnicodeError:
            raise AddressError("the host's name cannot be resolved: no name has such a part") from None
        addresses = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
        allowed = [address for address in addresses if _is_allowed(address)]
        if not allowed:
            raise AddressError("the host's address is link-local, multicast, unspecified or reserved: no webhook goes there")
        return [self._target(address) for address in allowed[:MOST_ADDRESSES]]

    async def _look_up(self) -> list[str]:
        if self._going_on is None:
            self._going_on = self._start()
        return await asyncio.shield(self._going_on)

    def _start(self) -> asyncio.Future[list[str]]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def finish(found: list[str] | Exception) -> None:
            self._going_on = None
            if isinstance(found, list):
                answer.set_result(found)
            else:
                answer.set_exception(found)
                answer.exception()  # who asked may have given up: nobody then is to hear of it

        def answered(found: list[str] | Exception) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(finish, found)

        look_up(self._name, self._port, answered)
        return answer

    def _target(self, address: _Address) -> Target:
        shown = f"[{address}]" if address.version == 6 else str(address)
        return Target(_with_host(self._parts, f"{shown}:{self._port}"), self._parts.netloc.rpartition("@")[2], self._name)


def _is_allowed(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return True
    return not (address.is_unspecified or address.is_multicast or address.is_link_local or address.is_reserved)


def _with_host(parts: SplitResult, host: str) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{user}{at}{host}", parts.path or "/", parts.query, ""))
