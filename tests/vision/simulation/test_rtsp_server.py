"""What the RTSP server answers to clients that no camera's viewer would be."""

import socket

import pytest

from vision.simulation.rtsp.media import Media
from vision.simulation.rtsp.server import RtspServer


@pytest.mark.parametrize(
    ("transport", "answer"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1", "200 OK"),
        ("RTP/AVP/TCP;unicast;interleaved=254-255", "200 OK"),
        ("RTP/AVP;unicast;client_port=5000-5001", "461 Unsupported Transport"),
        ("RTP/AVP/TCP;interleaved=x", "461 Unsupported Transport"),
        ("RTP/AVP/TCP;interleaved=255-256", "461 Unsupported Transport"),
        ("RTP/AVP/TCP;interleaved=1234", "461 Unsupported Transport"),
    ],
)
def test_a_transport_that_there_is_not_is_refused(transport: str, answer: str) -> None:
    server = RtspServer({"cam": Media((), lambda _since: iter(()))})
    with server, socket.create_connection((server.host, server.port), timeout=5) as client:
        client.sendall(f"SETUP {server.url('cam')}/track1 RTSP/1.0\r\nCSeq: 1\r\nTransport: {transport}\r\n\r\n".encode())
        assert client.recv(4096).decode().splitlines()[0] == f"RTSP/1.0 {answer}"
