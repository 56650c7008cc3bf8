"""The door: nobody comes in who was not let in, and a page of somebody else's cannot act in a user's name.

    Host in the list? ──▶ body small and quick? ──▶ unsafe method: Origin ours, or a bearer token? ──▶ who is it?
      421                   413, 408                  403                                               401
    ──▶ cookie and unsafe method: X-CSRF-Token? ──▶ the method's least scope? ──▶ the route, with its own scope
          403                                         403                           403

Default deny: what is not in OPEN needs somebody with the scope `read`, an unsafe method (any but GET and HEAD) the
scope `run`; a route of the API names its scope with `needs`, and create_app refuses one that does not.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.interfaces.web import tokens as keys
from orchestrator.interfaces.web.login import COOKIE, Sessions
from orchestrator.interfaces.web.problems import problem, unexpected
from orchestrator.interfaces.web.tokens import Tokens
from orchestrator.model.errors import NotPermitted

OPEN = ("/login", "/api/v1/health/live", "/api/v1/health/ready")
OPEN_BELOW = "/static/"
SAFE = ("GET", "HEAD")
MOST_BYTES = 64 << 10
BODY_S = 10.0
"""Host seconds for a body to come."""
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as `request.state.identity` has it; None there where nobody is logged in."""

    name: str
    scopes: frozenset[keys.Scope]
    csrf: str = ""
    """What a page of this session sends as X-CSRF-Token; "" where no session is needed."""


LOCAL = Identity("local", frozenset(keys.Scope))
"""Whoever reaches a service without tokens: it listens on this host only."""


class Needs:
    """A route's scope; None for one that is open to all."""

    def __init__(self, scope: keys.Scope | None) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> None:
        identity: Identity | None = request.state.identity
        if self.scope is not None and (identity is None or self.scope not in identity.scopes):
            raise NotPermitted(f"this takes the scope {self.scope}", remedy="use a token that has it")


def needs(scope: keys.Scope | None) -> Any:
    return Depends(Needs(scope))


class Refusal(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


class Guard:
    """Middleware around everything, pages and static files too."""

    def __init__(self, app: ASGIApp, tokens: Tokens | None, sessions: Sessions, hosts: tuple[str, ...]) -> None:
        self._app, self._tokens, self._sessions = app, tokens, sessions
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        closed = Closed(send)
        try:
            headers = Headers(scope=scope)
            self._check_host(headers, scope)
            receive = await _limited(headers, scope, receive)
            identity = self._admit(headers, scope)
        except Refusal as refusal:
            await refusal.response(scope, receive, closed)
            return
        scope.setdefault("state", {})["identity"] = identity
        try:
            await self._app(scope, receive, closed)
        except Exception:
            if closed.begun:
                raise
            _log.exception("%s %s", scope["method"], scope["path"])
            await unexpected(scope["path"])(scope, receive, closed)

    def _check_host(self, headers: Headers, scope: Scope) -> None:
        given = headers.getlist("host")
        if len(given) != 1 or _name(given[0]) not in self._hosts:
            raise _refuse(scope, 421, "unknown_host", "this service does not answer to that name")

    def _admit(self, headers: Headers, scope: Scope) -> Identity | None:
        unsafe, path = scope["method"] not in SAFE, scope["path"]
        bearer = _bearer(headers)
        if unsafe and not (self._is_ours(headers, scope) or (bearer and "origin" not in headers and self._tokens)):
            remedy = "send an Origin header with this service's address, or a bearer token"
            if bearer and not self._tokens:
                remedy = "this service knows no tokens: leave the token away (ORCHESTRATOR_TOKEN, --token-file)"
            raise _refuse(
                scope, 403, "foreign_origin", "the request does not come from a page of this service", remedy=remedy
            )
        identity = self._who(headers, bearer)
        if path in OPEN or path.startswith(OPEN_BELOW):
            return identity
        if identity is None:
            raise self._unknown(headers, scope)
        if unsafe and identity.csrf and not self._sessions.is_csrf(identity.csrf, headers.get("x-csrf-token", "")):
            raise _refuse(scope, 403, "csrf_token_missing", "the header X-CSRF-Token is missing or wrong",
                          remedy="load the page again")  # fmt: skip
        least = keys.Scope.RUN if unsafe and path != "/logout" else keys.Scope.READ
        if least not in identity.scopes:
            raise _refuse(scope, 403, NotPermitted.code, f"this takes the scope {least}")
        return identity

    def _who(self, headers: Headers, bearer: str) -> Identity | None:
        if self._tokens is None:
            return LOCAL
        if "authorization" in headers:
            token = self._tokens.check(bearer) if bearer else None
            return Identity(token.name, token.allowed) if token else None
        session = self._sessions.find(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
        return Identity(session.name, session.scopes, session.csrf) if session else None

    def _is_ours(self, headers: Headers, scope: Scope) -> bool:
        """Same host and port; https where the service stands behind a proxy that speaks it."""
        given = headers.getlist("origin")
        if len(given) != 1:
            return False
        scheme, _, netloc = given[0].partition("://")
        return scheme in (scope["scheme"], "https") and netloc.lower() == headers["host"].lower()

    def _unknown(self, headers: Headers, scope: Scope) -> Refusal:
        page = not scope["path"].startswith("/api/") and "text/html" in headers.get("accept", "")
        if page and scope["method"] in SAFE:
            query = "?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""
            return Refusal(RedirectResponse(f"/login?next={quote(scope['path'] + query, safe='')}", 303))
        return _refuse(scope, 401, "not_authenticated", "this takes a token",
                       remedy="send it as `Authorization: Bearer ...`; `orchestrator token add` makes one",
                       headers={"www-authenticate": "Bearer"})  # fmt: skip


def _refuse(
    scope: Scope, status: int, code: str, detail: str, *, remedy: str = "", headers: dict[str, str] | None = None
) -> Refusal:
    return Refusal(problem(status, code, detail, scope["path"], remedy=remedy, headers=headers))


def _name(host: str) -> str:
    """Without the port; "" for what is no host."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
    return f"[{name}]" if ":" in name else name


def _bearer(headers: Headers) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


async def _limited(headers: Headers, scope: Scope, receive: Receive) -> Receive:
    """The body, read whole before anybody works on it. Raises Refusal."""
    if scope["method"] in SAFE:
        return receive
    too_large = _refuse(scope, 413, "too_large", f"a request has at most {MOST_BYTES} bytes")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > MOST_BYTES:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    break
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    raise too_large
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise _refuse(scope, 408, "too_slow", f"a request comes within {BODY_S:g} s") from None
    ready: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return ready.pop() if ready else await receive()

    return replay


class Closed:
    """A `send` that puts HEADERS on every answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in HEADERS.items():
                if name != "content-security-policy" or name not in headers:  # a report forbids itself more
                    headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await self._send(message)
