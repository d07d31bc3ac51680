"""The one function that keeps credentials out of logs, messages and errors. Pure."""

import re
from typing import Final

__all__ = ["redact_url"]

_CREDENTIALS: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<secret>[^\s/?#'\"]*)@")
# A password with / ? or # in it, which should have been escaped: what follows the first colon is no port.
_UNESCAPED: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#'\"@:]*:(?!\d{1,5}(?:[/?#\s'\"]|$))[^\s'\"]*@")
_SECRET_PARAMETER: Final = re.compile(
    r"(?P<key>[?&/;](?:[a-z0-9]+[_-])*(?:user(?:name)?|pass(?:word|wd)?|pwd|token|(?:api)?key|secret|auth|sig(?:nature)?)=)"
    r"[^&\s'\"#]+",
    re.IGNORECASE,
)


def redact_url(text: str) -> str:
    """The text with the user and password of every URL in it, and passwords given as parameters, replaced by ***."""
    text = _UNESCAPED.sub(r"\g<scheme>***@", text)
    return _SECRET_PARAMETER.sub(r"\g<key>***", _CREDENTIALS.sub(r"\g<scheme>***@", text))
