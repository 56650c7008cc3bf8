"""A browser's login: a token is exchanged for a session cookie, since an EventSource can send no header.

    POST /login (token, next) ──▶ 303 and the cookie        POST /logout ──▶ 303 to /login

The cookie is random, HttpOnly, SameSite=Strict, and Secure over https; the service keeps its hash only. What a page
sends as X-CSRF-Token is derived from it. A session ends with its token, after 12 hours, or with the service.
"""

import hashlib
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from orchestrator.interfaces.web.problems import problem
from orchestrator.interfaces.web.tokens import Scope, Token, Tokens

COOKIE = "orchestrator_session"
SESSION_S = 12 * 3600.0
MOST_SESSIONS = 1_000
MOST_FAILURES = 5
FAILURES_S = 60.0
"""So many wrong logins of one address within so many seconds, then it waits."""
MOST_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    token_id: str
    name: str
    scopes: frozenset[Scope]
    csrf: str
    ends: float


class Sessions:
    """Who is logged in by cookie. Belongs to the event loop."""

    def __init__(self, tokens: Tokens | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._tokens, self._monotonic = tokens, monotonic
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def begin(self, token: Token) -> str:
        """The new session's cookie."""
        cookie = secrets.token_urlsafe(32)
        csrf = hashlib.sha256(f"csrf:{cookie}".encode()).hexdigest()
        self._sessions[_hash(cookie)] = Session(
            token.id, token.name, token.allowed, csrf, self._monotonic() + SESSION_S
        )
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return cookie

    def find(self, cookie: str) -> Session | None:
        session = self._sessions.get(_hash(cookie)) if cookie else None
        if session is None:
            return None
        if self._monotonic() >= session.ends or self._tokens is None or not self._tokens.is_alive(session.token_id):
            self.end(cookie)
            return None
        return session

    def end(self, cookie: str) -> None:
        self._sessions.pop(_hash(cookie), None)

    @staticmethod
    def is_csrf(expected: str, given: str) -> bool:
        return compare_digest(expected.encode(), given.encode("utf-8", "replace"))


class Attempts:
    """Wrong logins by address. Belongs to the event loop."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Until this address may try again; 0 = now."""
        failures = self._failures.get(address, deque())
        while failures and failures[0] <= self._monotonic() - FAILURES_S:
            failures.popleft()
        return failures[0] + FAILURES_S - self._monotonic() if len(failures) >= MOST_FAILURES else 0.0

    def failed(self, address: str) -> None:
        self._failures.setdefault(address, deque(maxlen=MOST_FAILURES)).append(self._monotonic())
        self._failures.move_to_end(address)
        while len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)


def router(tokens: Tokens | None, sessions: Sessions, attempts: Attempts) -> APIRouter:
    found = APIRouter(include_in_schema=False)

    @found.post("/login")
    async def login(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        target = _local(form.get("next", ["/"])[0])
        if tokens is None:
            return RedirectResponse(target, 303)
        address = request.client.host if request.client else ""
        if wait_s := attempts.wait_s(address):
            return _refused(request, target, 429, "too_many_logins", "too many wrong logins", wait_s)
        token = await run_in_threadpool(tokens.check, form.get("token", [""])[0].strip())
        if token is None:
            attempts.failed(address)
            return _refused(request, target, 401, "wrong_token", "this token is not known, or has ended", 0)
        answer = RedirectResponse(target, 303)
        answer.set_cookie(
            COOKIE,
            sessions.begin(token),
            max_age=int(SESSION_S),
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @found.post("/logout")
    async def logout(request: Request) -> Response:
        sessions.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    return found


def _refused(request: Request, target: str, status: int, code: str, detail: str, wait_s: float) -> Response:
    """A page is sent back to the form (?failed=CODE), a program gets the problem."""
    headers = {"retry-after": str(int(wait_s) + 1)} if wait_s else {}
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"/login?failed={code}&next={quote(target, safe='')}", 303, headers)
    return problem(status, code, detail, "/login", headers=headers)


def _local(target: str) -> str:
    """A path of this service: never another host, however it is written."""
    fine = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if fine else "/"


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()
