"""Basic and Digest credentials of an RTSP server (RFC 7617, RFC 2617). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["Credentials", "allowed", "challenge"]

REALM: Final = "LaneWatch"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and password, and by which scheme a client must present them."""

    user: str
    password: str = field(repr=False)
    scheme: Literal["basic", "digest"] = "digest"
    nonce: str = "5f4dcc3b5aa765d61d8327deb882cf99"


def challenge(credentials: Credentials | None) -> str:
    """The WWW-Authenticate header that asks for the credentials."""
    if credentials is None or credentials.scheme == "basic":
        return f'Basic realm="{REALM}"'
    return f'Digest realm="{REALM}", nonce="{credentials.nonce}", algorithm=MD5'


def allowed(credentials: Credentials | None, header: str, method: str) -> bool:
    """Whether a request's Authorization header presents the credentials; always, where none are asked for."""
    if credentials is None:
        return True
    scheme, _, value = header.partition(" ")
    if scheme.lower() != credentials.scheme:
        return False
    if credentials.scheme == "basic":
        expected = base64.b64encode(f"{credentials.user}:{credentials.password}".encode()).decode()
        return hmac.compare_digest(value.strip().encode(), expected.encode())
    given = dict(re.findall(r'(\w+)="?([^",]*)"?', value))
    secret = _md5(f"{credentials.user}:{REALM}:{credentials.password}")
    request = _md5(f"{method}:{given.get('uri', '')}")
    expected = _md5(f"{secret}:{credentials.nonce}:{request}")
    right_user = hmac.compare_digest(given.get("username", "").encode(), credentials.user.encode())
    return right_user and hmac.compare_digest(given.get("response", "").encode(), expected.encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
