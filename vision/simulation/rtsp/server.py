"""An RTSP server for H.264 over the RTSP connection itself (interleaved TCP), with faults on demand. A shell.

It serves the simulated gate and the tests: several paths and clients, sender reports, Basic or Digest credentials.
One thread accepts, one thread serves each client.
"""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self

from vision.clock import now
from vision.simulation.rtsp.auth import Credentials, allowed, challenge
from vision.simulation.rtsp.media import Media, Unit
from vision.simulation.rtsp.rtp import CLOCK_HZ, interleaved, rtp_packets, sdp, sender_report

__all__ = ["Fault", "RtspServer", "Timeline"]

Fault = Literal["stall", "reset", "fin", "garbage", "mute", "noise", "locked"]
REPORT_EVERY_S: Final = 5.0
FIRST_TIMESTAMP: Final = 12_345_678  # of RTP; RFC 3550 wants it random, FFmpeg only that it is not 0
LONGEST_REQUEST: Final = 16_384
LOOK_AGAIN_S: Final = 0.01  # for a live picture that is not there yet
STATUS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    454: "Session Not Found",
    461: "Unsupported Transport",
    501: "Not Implemented",
}


@dataclass(frozen=True, slots=True)
class Timeline:
    """The zero of streams that have a clock of their own: on the monotonic clock, and in POSIX seconds."""

    monotonic_s: float
    t: float


class RtspServer:
    """Serves media by path until closed; a context manager.

    together: as with a camera, a client joins what is being sent since the server's start; else each client gets the
    media from its beginning. timeline: the same since that moment, and sender reports carry its time. credentials: what
    clients must present, or None. clock_offset_s: error of the clock in the sender reports, None for no reports. `fail`
    makes a path misbehave for its present and future clients until `heal`.
    """

    def __init__(
        self,
        media: Mapping[str, Media],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        together: bool = False,
        timeline: Timeline | None = None,
        credentials: Credentials | None = None,
        clock_offset_s: float | None = 0.0,
    ) -> None:
        self.media = dict(media)
        self.timeline = timeline
        self.started_s = timeline.monotonic_s if timeline else time.monotonic() if together else None
        self.credentials, self.clock_offset_s = credentials, clock_offset_s
        self.faults: dict[str, Fault] = {}
        self.closed = threading.Event()
        self._clients: set[threading.Thread] = set()
        self._listener = socket.create_server((host, port))
        self.host, self.port = self._listener.getsockname()[:2]
        self._acceptor = threading.Thread(target=self._accept, name="rtsp-accept", daemon=True)
        self._acceptor.start()

    def url(self, path: str, *, user: str = "", password: str = "") -> str:
        """The address of a path, with credentials where given."""
        return f"rtsp://{f'{user}:{password}@' if user else ''}{self.host}:{self.port}/{path}"

    def fail(self, path: str, fault: Fault) -> None:
        """Makes a path stall, reset or end connections, send garbage, never answer, answer noise, or refuse everybody."""
        self.faults[path] = fault

    def heal(self, path: str) -> None:
        """Ends a path's fault."""
        self.faults.pop(path, None)

    def close(self) -> None:
        """Stops accepting, ends all connections and waits for the threads."""
        self.closed.set()
        self._listener.close()
        for thread in [self._acceptor, *self._clients]:
            thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _accept(self) -> None:
        while not self.closed.is_set():
            try:
                if not select.select([self._listener], [], [], 0.1)[0]:
                    continue
                connection, _ = self._listener.accept()
            except (OSError, ValueError):  # `close` has closed it, at whatever moment
                return
            self._clients = {thread for thread in self._clients if thread.is_alive()}
            thread = threading.Thread(target=_Client(self, connection).serve, name="rtsp-client", daemon=True)
            self._clients.add(thread)
            thread.start()


class _Hangup(Exception):  # noqa: N818
    """The end of a client's connection."""


class _Client:
    """One connection: answers requests, and between them sends the pictures that are due."""

    def __init__(self, server: RtspServer, connection: socket.socket) -> None:
        self._server, self._socket = server, connection
        self._buffer = b""
        self._path = ""
        self._session = f"{id(self) & 0xFFFFFFFF:08x}"
        self._ssrc = id(self) & 0xFFFFFFFF
        self._channel: int | None = None
        self._units: Iterator[Unit | None] = iter(())
        self._next: Unit | None = None
        self._playing = False
        self._started = self._reported = 0.0
        self._sequence = self._packets = self._octets = 0

    def serve(self) -> None:
        """Runs until the client, the server or a fault ends the connection."""
        self._socket.settimeout(5.0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while not self._server.closed.is_set():
                self._send_due()
                readable, _, _ = select.select([self._socket], [], [], self._patience())
                if readable:
                    self._receive()
        except (OSError, _Hangup):
            pass
        finally:
            self._socket.close()

    def _patience(self) -> float:
        if self._next is None:
            return LOOK_AGAIN_S if self._playing else 0.1
        return min(0.1, max(0.0, self._started + self._next.send_s - time.monotonic()))

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        if not data or len(self._buffer) > LONGEST_REQUEST:
            raise _Hangup
        self._buffer += data
        while True:
            if self._buffer[:1] == b"$":  # the client's own RTCP
                if len(self._buffer) < 4 or len(self._buffer) < 4 + struct.unpack("!H", self._buffer[2:4])[0]:
                    return
                self._buffer = self._buffer[4 + struct.unpack("!H", self._buffer[2:4])[0] :]
                continue
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self._buffer = rest
            self._answer(head.decode("utf-8", "replace"))

    def _answer(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        method, _, target = first.partition(" ")
        url = target.rpartition(" ")[0]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        path = url.partition("://")[2].partition("/")[2].removesuffix("/track1").strip("/")
        self._misbehave(path)
        if method != "OPTIONS" and self._server.faults.get(path) == "locked":
            return self._reply(headers, 401, {"WWW-Authenticate": challenge(self._server.credentials)})
        if method != "OPTIONS" and not allowed(self._server.credentials, headers.get("authorization", ""), method):
            challenges = challenge(self._server.credentials)
            return self._reply(headers, 401, {"WWW-Authenticate": challenges})
        if method == "OPTIONS":
            return self._reply(headers, 200, {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"})
        if path not in self._server.media:
            return self._reply(headers, 404)
        return self._act(method, path, url, headers)

    def _act(self, method: str, path: str, url: str, headers: dict[str, str]) -> None:
        match method:
            case "DESCRIBE":
                body = sdp(path, self._server.media[path].parameter_sets)
                self._reply(headers, 200, {"Content-Base": f"{url}/", "Content-Type": "application/sdp"}, body)
            case "SETUP" if (channel := _channel(headers.get("transport", ""))) is not None:
                self._channel = channel
                self._reply(headers, 200, {"Transport": headers["transport"], "Session": f"{self._session};timeout=60"})
            case "SETUP":
                self._reply(headers, 461)
            case "PLAY" if self._channel is not None:
                self._path = path
                now_s, began_s = time.monotonic(), self._server.started_s
                self._started = now_s if began_s is None else began_s
                self._units = self._server.media[path].play(now_s - self._started)
                self._reply(
                    headers, 200, {"Session": self._session, "RTP-Info": f"url={url}/track1;seq=0;rtptime={FIRST_TIMESTAMP}"}
                )
                self._playing = True
            case "GET_PARAMETER" | "SET_PARAMETER":
                self._reply(headers, 200, {"Session": self._session})
            case "TEARDOWN":
                self._reply(headers, 200, {"Session": self._session})
                raise _Hangup
            case "PLAY":
                self._reply(headers, 454)
            case _:
                self._reply(headers, 501)

    def _reply(self, request: Mapping[str, str], status: int, headers: Mapping[str, str] | None = None, body: str = "") -> None:
        lines = [f"RTSP/1.0 {status} {STATUS[status]}", f"CSeq: {request.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def _misbehave(self, path: str) -> None:
        """Acts out the fault of a path before a request is answered or a picture is sent."""
        match self._server.faults.get(path):
            case "reset":
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise _Hangup
            case "fin":
                raise _Hangup
            case "noise":
                self._socket.sendall(bytes(range(128, 256)) * 8)
                raise _Hangup
            case "mute":
                self._server.closed.wait(30)
                raise _Hangup
            case _:
                return

    def _send_due(self) -> None:
        while self._playing and (unit := self._coming()) and time.monotonic() >= self._started + unit.send_s:
            self._misbehave(self._path)
            if self._server.faults.get(self._path) == "locked":
                raise _Hangup
            if self._server.faults.get(self._path) != "stall":
                self._send(unit)
            self._next = None

    def _coming(self) -> Unit | None:
        """The next picture to send; None where a live stream has none yet."""
        if self._next is None:
            try:
                self._next = next(self._units)
            except StopIteration:
                raise _Hangup from None
        return self._next

    def _send(self, unit: Unit) -> None:
        nals = [nal[:1] + bytes(byte ^ 0xA5 for byte in nal[1:]) for nal in unit.nals] if self._is_garbage() else unit.nals
        timestamp = FIRST_TIMESTAMP + round(unit.show_s * CLOCK_HZ)
        assert self._channel is not None
        self._report(unit, timestamp)
        packets = rtp_packets(nals, self._sequence, timestamp, self._ssrc)
        self._socket.sendall(b"".join(interleaved(self._channel, packet) for packet in packets))
        self._sequence += len(packets)
        self._packets += len(packets)
        self._octets += sum(len(packet) - 12 for packet in packets)

    def _is_garbage(self) -> bool:
        return self._server.faults.get(self._path) == "garbage"

    def _report(self, unit: Unit, timestamp: int) -> None:
        offset = self._server.clock_offset_s
        if offset is None or self._channel is None or (self._reported and unit.send_s - self._reported < REPORT_EVERY_S):
            return
        self._reported = unit.send_s or 1e-9
        timeline = self._server.timeline
        zero_t = timeline.t if timeline else now() - (time.monotonic() - self._started)
        shown = zero_t + offset + unit.show_s
        report = sender_report(self._ssrc, shown, timestamp, self._packets, self._octets)
        self._socket.sendall(interleaved(self._channel + 1, report))


def _channel(transport: str) -> int | None:
    """The channel for pictures that a Transport header asks for; None where it asks for none that there is."""
    found = re.search(r"interleaved=(\d{1,3})\b", transport)
    return int(found[1]) if found and int(found[1]) < 255 else None
