"""A webhook's receiver for tests: a real HTTP server that answers as it is told and remembers what it got."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Receiver", "receiver"]


class Receiver:
    """`answers` gives the status of each next request (the last one stays).

    "drip" never finishes its headers, "hold" answers 204 once `released` is set.
    """

    def __init__(self, answers: list[int | str]) -> None:
        self.answers = answers
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.stopped = threading.Event()
        self.released = threading.Event()
        self.url = ""

    @property
    def bodies(self) -> list[bytes]:
        """The bodies of all requests."""
        return [body for _, _, body in self.requests]


@contextmanager
def receiver(*answers: int | str) -> Iterator[Receiver]:
    """A running receiver."""
    state = Receiver(list(answers) or [204])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append((self.path, {key.lower(): value for key, value in self.headers.items()}, body))
            answer = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            if answer == "drip":
                self._drip()
                return
            if answer == "hold":
                state.released.wait(30)
                answer = 204
            self.send_response(int(answer))
            if answer in (301, 302, 307, 308):
                self.send_header("Location", f"{state.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _drip(self) -> None:
            self.close_connection = True
            try:
                while not state.stopped.is_set():
                    self.wfile.write(b"H")
                    time.sleep(0.05)
            except OSError:
                return

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.stopped.set()
        state.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
