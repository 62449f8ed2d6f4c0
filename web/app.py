"""The analyst's page as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import traceback
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response

from jobs.config.web import WebOptions
from jobs.topics.loader import TopicSet
from storage.database import DATABASE_NAME, explain, now_utc
from storage.model import BorderwatchError
from web.actions import Actions
from web.answers import AnswerMemory
from web.assets import load_assets, serve_asset
from web.guard import HostGuard, VisitorGuard
from web.live import Hub
from web.pages import is_program, make_environment, problem, unreadable
from web.reading import ReadPool
from web.routes import api, desk, doing, door, feeds, now, places, search, story
from web.site import Site

log = structlog.get_logger(__name__)


def create_app(
    data_dir: Path,
    config: WebOptions,
    actions: Actions | None,
    *,
    topics: Callable[[], TopicSet] | None = None,
    metrics: Callable[[], bytes] | None = None,
    clock: Callable[[], datetime] = now_utc,
    remember_answers: bool = True,
) -> FastAPI:
    """The page over the database of a data directory.

    Without `actions` it only reads. `topics` gives the configured topics for their page. The database may be missing:
    every page then says so until it is there. `metrics` gives Prometheus' text for /metrics, where a service has it.
    """
    database = data_dir / DATABASE_NAME
    assets = load_assets()
    zone = ZoneInfo(config.timezone)
    site = Site(
        options=config, data_dir=data_dir, database=database, actions=actions, pool=ReadPool(database), hub=Hub(database), assets=assets,
        templates=make_environment(assets, zone), clock=clock, zone=zone, load_topics=topics, remember_answers=remember_answers,
    )  # fmt: skip

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(site.hub.run())
        yield
        site.hub.close()
        await watch
        site.pool.close()

    app = FastAPI(
        title=f"{config.title} API",
        version="1",
        description="Stories, articles, places, sources and alerts as JSON. Pages go on by the cursor in `next`; answers carry an ETag.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(HostGuard, site=site),
            Middleware(VisitorGuard, site=site),
            Middleware(AnswerMemory, site=site),
        ],
    )
    app.state.site = site
    for module in (now, story, places, search, desk, doing, door, feeds, api):
        app.include_router(module.router)

    @app.get("/static/{name:path}", include_in_schema=False)
    async def static(request: Request, name: str) -> Response:
        return serve_asset(assets, request, name)

    if metrics is not None:

        @app.get("/metrics", include_in_schema=False)
        def prometheus() -> Response:
            return Response(metrics(), media_type="text/plain; version=1.0.0; charset=utf-8")

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon(request: Request) -> Response:
        return serve_asset(assets, request, "icon.svg")

    app.add_exception_handler(BorderwatchError, _storage_fault)
    app.add_exception_handler(StarletteHTTPException, _http_fault)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(sqlite3.Error, _database_fault)
    app.add_exception_handler(Exception, _own_fault)
    return app


async def _storage_fault(request: Request, fault: Exception) -> Response:
    return unreadable(request, fault)


async def _database_fault(request: Request, fault: Exception) -> Response:
    """A failure of SQLite outside a lease: in an action."""
    return unreadable(request, explain(fault, request.app.state.site.database))


async def _own_fault(request: Request, fault: Exception) -> Response:
    """A defect of ours: logged with its place, said without it."""
    log.error("web.defect", path=request.url.path, where="".join(traceback.format_exception(fault))[-4000:])
    if is_program(request):
        return JSONResponse({"detail": "The page failed on this; the log says where."}, 500)
    return problem(
        request,
        500,
        "The page failed on this",
        "It is a defect of the page; the service's log says where. Other pages are not affected.",
    )


async def _http_fault(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException | StarletteHTTPException)
    headers = dict(fault.headers or {})
    if is_program(request):
        return JSONResponse({"detail": fault.detail}, fault.status_code, headers)
    if request.headers.get("x-csrf-token") and not request.headers.get("hx-request"):
        return PlainTextResponse(str(fault.detail), fault.status_code, headers)
    heading = {403: "Not allowed", 404: "There is no such page", 405: "That does not work here"}.get(
        fault.status_code, "That did not work"
    )
    text = (
        f"Nothing is at {request.url.path}."
        if fault.status_code == 404 and fault.detail == "Not Found"
        else str(fault.detail)
    )
    return problem(request, fault.status_code, heading, text)


async def _wrong_request(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    said = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in fault.errors()
    )
    if is_program(request):
        return JSONResponse({"detail": said}, 422)
    if request.method == "GET" and any(one["loc"][0] == "path" for one in fault.errors()):
        return problem(
            request, 404, "There is no such page", f"{request.url.path} is no address of this page: {said}."
        )
    return problem(request, 422, "That request is not complete", said)
