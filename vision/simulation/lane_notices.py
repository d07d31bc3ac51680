"""Tells the product which lanes of a simulated gate are closed, as a gate's own system does: over REST. A shell.

A thread asks, so whoever tells never waits. Overflow rule: what is told replaces what waits. While the api is away it is
asked again after growing pauses; once it refuses, nothing more is asked of it.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx
import structlog

from vision.backoff import Backoff
from vision.errors import ConfigError
from vision.simulation.newest_value import Newest
from vision.simulation.scene import BY, REASON

__all__ = ["LaneNotices"]

CONNECT_S: Final = 2.0
NOTICE_ANSWER_S: Final = 10.0
END_S: Final = 3.0
NOTICE_RETRY_S: Final = (0.5, 2.0)
LOUD_AFTER: Final = 20  # failures without an answer; until then the api may just be starting
TOO_MANY: Final = 429
_log = structlog.get_logger(__name__)


class LaneNotices:
    """Keeps the statuses of one gate's lanes as they are told; a context manager that ends its thread.

    A lane that an earlier simulation left closed is opened; one that somebody else closed is left alone. url: the api's
    address; token: a program's. Raises ConfigError for an address that is none.
    """

    def __init__(self, url: str, token: str) -> None:
        try:
            scheme, headers = httpx.URL(url).scheme, {"Authorization": f"Bearer {token}"}
        except httpx.InvalidURL:
            scheme, headers = "", {}
        if scheme not in ("http", "https"):
            raise ConfigError(f"'{url}' is no address of an api; give for example http://127.0.0.1:8080")
        patience = httpx.Timeout(NOTICE_ANSWER_S, connect=CONNECT_S)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=patience, trust_env=False)
        self._newest = Newest[frozenset[str]]()
        self._thread = threading.Thread(target=self._run, name="lanes", daemon=True)
        self._thread.start()

    def tell(self, closed: frozenset[str]) -> None:
        """Tells which lanes are closed from now on, all others being open; returns at once."""
        self._newest.put(closed)

    def close(self) -> None:
        """Ends the thread; what waits is dropped, and the lanes stay as they were told."""
        self._newest.end()
        self._thread.join(END_S)
        if not self._thread.is_alive():  # else it waits for an answer, and ends with the process
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._keep()
        except httpx.HTTPStatusError as error:
            _log.error("the api refuses to hear of lanes; it is asked no more", status=error.response.status_code)
        except Exception:  # noqa: BLE001 (a thread's top)
            _log.exception("the api cannot be told of lanes; it is asked no more")

    def _keep(self) -> None:
        """Makes what the api holds of us what was told, for ever. Raises httpx.HTTPStatusError where it refuses."""
        held: set[str] | None = None
        failures, backoff = 0, Backoff(*NOTICE_RETRY_S)
        while (closed := self._newest.take()) is not None:
            try:
                held = self._left_closed() if held is None else held
                for lane in sorted(closed ^ held):
                    self._set(lane, closed=lane in closed)
                    held ^= {lane}
                failures = 0
                backoff.reset()
            except httpx.HTTPError as error:
                _raise_refusal(error)
                held = None  # a request whose answer was lost may have been carried out
                failures += 1
                if failures == LOUD_AFTER:
                    _log.warning("the api does not answer, so it is not told of lanes", reason=type(error).__name__)
                self._newest.put_back(closed, backoff.next_s())

    def _left_closed(self) -> set[str]:
        """The lanes that a simulation closed and that still are, once the api knows the present."""
        self._http.get("/readyz").raise_for_status()
        lanes = self._http.get("/api/v1/lanes").raise_for_status().json()["lanes"]
        told = {lane["info"]["id"]: lane["status"] for lane in lanes if lane["status"] is not None}
        return {lane for lane, status in told.items() if status["status"] == "closed" and status["by"] == BY}

    def _set(self, lane: str, *, closed: bool) -> None:
        body = {"status": "closed" if closed else "open", "by": BY, "reason": REASON}
        self._http.post(f"/api/v1/lanes/{quote(lane, safe='')}/status", json=body).raise_for_status()


def _raise_refusal(error: httpx.HTTPError) -> None:
    """Raises an answer that another attempt would not better."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error and error.response.status_code != TOO_MANY:
        raise error
