"""The api's process: logs, the socket, uvicorn. What `lanewatch api` runs."""

from __future__ import annotations

import socket
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.logs import set_up_logs
from api.settings import Settings
from vision.errors import ConfigError

__all__ = ["bound_socket", "run_api", "server_of"]

SHUTDOWN_S: Final = 3
_log: Final = structlog.stdlib.get_logger(__name__)


def run_api(settings: Settings, *, import_changed: bool = False) -> None:
    """Serves until SIGINT or SIGTERM. Raises ConfigError for settings, a gate file or a port that will not do."""
    set_up_logs(settings.log_format, settings.log_level)
    if settings.api_token is None and settings.sign_in_token is None:
        raise ConfigError(
            "nobody could sign in: set LANEWATCH_API_TOKEN to a long random text (openssl rand -hex 32), or use lanewatch run"
        )
    listening = bound_socket(settings.host, settings.port)
    with listening:
        server = server_of(create_app(settings, import_changed=import_changed))
        _log.info("listening", host=settings.host, port=listening.getsockname()[1])
        server.run(sockets=[listening])


def server_of(app: FastAPI) -> uvicorn.Server:
    """The server of the api, to be given a socket. Access logs are off: a sign-in link's token would stand in them."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws_per_message_deflate=False,
            ws_max_size=65_536,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError where the address is taken or not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(1024)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        sentence = (
            f"cannot listen on {host} port {port}: {error.strerror}; choose others with LANEWATCH_HOST and LANEWATCH_PORT"
        )
        raise ConfigError(sentence) from None
    return listening
