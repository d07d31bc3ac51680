"""The address that a webhook goes to: resolved once, checked, and then connected to as it is. asyncio.

Loopback and private addresses are allowed, because only the administrator sets the URL, in the environment, and receivers
stand on the gate's own network. Refused are addresses that no receiver has: unspecified, multicast, link-local (a cloud's
metadata service lives there) and reserved ones. Connecting to the checked address itself leaves no second resolution that
could say something else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

__all__ = ["AddressError", "Target", "resolve_target"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(Exception):
    """A host that has no address to which a webhook may go."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the URL with the checked address in it, the Host header, the name for TLS."""

    url: str
    host: str
    server_name: str


async def resolve_target(url: str) -> Target:
    """The target of a webhook's URL. Raises AddressError."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressError(f"the host's name cannot be resolved: {error.strerror}") from None
    except UnicodeError:
        raise AddressError("the host's name cannot be resolved: no name has such a part") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    allowed = [address for address in addresses if _is_allowed(address)]
    if not allowed:
        raise AddressError("the host's address is link-local, multicast, unspecified or reserved: no webhook goes there")
    shown = f"[{allowed[0]}]" if allowed[0].version == 6 else str(allowed[0])
    return Target(_with_host(parts, f"{shown}:{port}"), parts.netloc.rpartition("@")[2], name)


def _is_allowed(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return True
    return not (address.is_unspecified or address.is_multicast or address.is_link_local or address.is_reserved)


def _with_host(parts: SplitResult, host: str) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{user}{at}{host}", parts.path or "/", parts.query, ""))
