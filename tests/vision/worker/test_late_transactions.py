"""Transactions that a server carries out late: a way to a real Valkey holds one back until the next one is under way."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.support.messages import measured
from tests.support.redis import Valkey, valkey
from vision.messages import MESSAGE, t_of
from vision.redis_keys import stream_key
from vision.worker.redis_sink import RedisSink, claim, connect

GATE, SECTION = "g", "cam"


@pytest.fixture
def bus() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


class LateWay:
    """A way to a server for one connection after the other: each of the first EXECs comes late, just before the next one."""

    def __init__(self, server: Path, own: Path, held_back: int) -> None:
        self.url = f"unix://{own}"
        self._server, self._left = server, held_back
        self._held: tuple[socket.socket, bytes] | None = None
        self._answered = threading.Event()
        self._ways: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(own))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Ends it and all that goes through it."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for way in (self._listening, *self._ways):
            way.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._ways += [client, server]
                for passes in (self._ask, self._answer):
                    threading.Thread(target=passes, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 20):
                if b"EXEC\r\n" in data and self._holds_back(server, data):
                    continue
                server.sendall(data)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 20):
                self._answered.set()
                client.sendall(data)

    def _holds_back(self, server: socket.socket, data: bytes) -> bool:
        late, self._held = self._held, None
        if late is not None:
            self._answered.clear()
            late[0].sendall(late[1])
            assert self._answered.wait(10)
        self._left -= 1
        if self._left >= 0:
            self._held = (server, data)
        return self._left >= 0


@pytest.mark.parametrize("held_back", [1, 2, 3])
def test_what_is_carried_out_while_the_next_attempt_is_under_way_is_not_written_twice(
    bus: Valkey, tmp_path: Path, held_back: int
) -> None:
    with bus.connect() as client:
        token = claim(client, GATE, SECTION)
    way = LateWay(Path(bus.url.removeprefix("unix://")), tmp_path / "s", held_back)
    sink = RedisSink(connect(way.url, answer_s=0.5), GATE, SECTION, token)
    failed = 0
    for t in range(1000, 1008):
        sink.outgoing.put([measured("EX1", float(t))], f'{{"t":{t}}}')
        try:
            sink.flush()
        except redis.RedisError:
            failed += 1
    assert failed >= held_back
    with bus.connect() as client:
        found = [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(GATE))]
    assert [t_of(message) for message in found] == [float(t) for t in range(1000, 1008)]
    assert sink.checkpoint() == {"t": 1007}
    sink.close()
    way.close()
