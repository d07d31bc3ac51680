"""The app: settings in, FastAPI out. It opens the store and settles the configuration, so bad input fails here, in words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api.access.guard import Guard
from api.access.sessions import Access
from api.history.config_versions import sync_config
from api.history.store import open_store, sqlite_url
from api.routes import alerts, cameras, gate, lanes, service, sign_in, source, stream, visits
from api.services import running
from api.settings import Settings
from api.web.page import Page
from api.web.problems import PROBLEMS, add_problem_handlers
from vision.config import load_gate
from vision.errors import ConfigError

__all__ = ["create_app"]


def create_app(settings: Settings, *, import_changed: bool = False) -> FastAPI:
    """The api of the gate in `settings.gate`.

    import_changed: use the gate file though another configuration is in use. Raises ConfigError where the gate file, the
    database or the configuration will not do.
    """
    file_config = load_gate(settings.gate)
    url = settings.database_url.get_secret_value() if settings.database_url else sqlite_url(settings.data, file_config.id)
    store = open_store(url, file_config.id)
    try:
        current = sync_config(store, file_config, import_changed=import_changed)
    except ConfigError:
        store.close()
        raise
    access = Access(store, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings, store, access, current) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="LaneWatch",
        version=version("lanewatch"),
        description="Queues, dwell times and alerts of a border gate. Times are POSIX seconds UTC; null is not measured.",
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
    )
    add_problem_handlers(app)
    for routes in (gate, lanes, visits, alerts, cameras, stream, service, sign_in, source):
        app.include_router(routes.router)
    app.mount("/", Page(settings.dashboard), name="page")
    hosts = frozenset({*settings.allowed_hosts, settings.host.lower()})
    app.add_middleware(Guard, access=access, hosts=hosts)
    return app
