"""The application: the API, the pages where they are installed, the metrics, and the guard around it all."""

import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from orchestrator.interfaces.web import api, login, metrics, openapi, problems
from orchestrator.interfaces.web.events import Feed
from orchestrator.interfaces.web.reply import JsonReply
from orchestrator.interfaces.web.security import Guard, needs
from orchestrator.interfaces.web.tokens import Scope, Tokens

if TYPE_CHECKING:
    from orchestrator.rack import Rack

HOSTS = ("localhost", "127.0.0.1", "[::1]")
PAGES = "orchestrator.interfaces.web.pages"
SILENT: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI 0.165 tells OpenTelemetry, by the environment alone if need be; nobody asked for it here."""
STATIC = Path(__file__).with_name("static")


def create_app(rack: "Rack", *, tokens: Tokens | None = None, hosts: tuple[str, ...] = HOSTS) -> FastAPI:
    """The service over this rack, which stays the caller's to close. Streams end when the rack is closed.

    Args:
        tokens: who may come in; None lets everybody in who reaches it, and is for an address of this host only.
        hosts: the names it answers to, without port.
    """
    feed = Feed(rack)
    sessions = login.Sessions(tokens)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        feed.start()
        yield
        feed.end()

    app = FastAPI(
        title="Drive test orchestrator",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry=SILENT,
    )
    app.state.feed = feed
    problems.install(app)
    rest = api.router(rack, feed)
    app.include_router(rest)
    app.include_router(login.router(tokens, sessions, login.Attempts()))
    _add_documents(app, rack, feed)
    if importlib.util.find_spec(PAGES) is not None:
        app.include_router(importlib.import_module(PAGES).router(rack), include_in_schema=False)
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), "static")
    openapi.install(app, rest)
    app.add_middleware(Guard, tokens=tokens, sessions=sessions, hosts=hosts)
    return app


def _add_documents(app: FastAPI, rack: "Rack", feed: Feed) -> None:
    registry = metrics.registry_of(rack, feed)

    @app.get("/metrics", dependencies=[needs(Scope.READ)], include_in_schema=False)
    async def read_metrics() -> Response:
        return Response(metrics.text(registry), media_type=metrics.MEDIA_TYPE)

    @app.get("/api/v1/openapi.json", dependencies=[needs(Scope.READ)], include_in_schema=False)
    async def read_openapi() -> Response:
        return JsonReply(app.openapi())
