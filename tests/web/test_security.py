"""The threat table of the service, line by line: who comes in, from where, with what, and what leaves with the answer.

The server's own documents are walked: a route that is added later is tested without being named here.
"""

import logging
import re
import socket
import time
from dataclasses import dataclass

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from orchestrator import Rack, errors
from orchestrator.interfaces.web import openapi, security
from orchestrator.interfaces.web.login import COOKIE, FAILURES_S, MOST_FAILURES, Attempts, Sessions
from orchestrator.interfaces.web.server import HttpServer, serve_http
from orchestrator.interfaces.web.tokens import IMPLIED, Scope, Tokens
from tests.web.conftest import client_of, run_apart, start

METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "REPORT",
    "QUERY",
]


@dataclass(frozen=True)
class Guarded:
    server: HttpServer
    rack: Rack
    tokens: Tokens
    secrets: dict[Scope, str]

    @property
    def url(self):
        return self.server.url

    @property
    def port(self):
        return self.server.port


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with a token of each scope."""
    tokens = Tokens(tmp_path_factory.mktemp("tokens") / "tokens.json")
    secrets = {scope: tokens.add(scope.value, [scope]) for scope in Scope}
    with Rack.simulated(slots=2, seed=7) as rack, serve_http(rack, port=0, tokens=tokens) as server:
        yield Guarded(server, rack, tokens, secrets)


@pytest.fixture(scope="module")
def routes(guarded):
    """(method, path, scope) of all that the document names."""
    with client_of(guarded, guarded.secrets[Scope.READ]) as client:
        document = client.get("/api/v1/openapi.json").json()
    return [
        (method.upper(), re.sub(r"\{\w+\}", "1", path), operation["x-scope"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def ask(client, method, path, **options):
    """The status alone: the events have no end."""
    with client.stream(method, path, json={} if method == "POST" else None, **options) as answer:
        return answer.status_code


def test_every_route_opens_to_its_scope_and_to_no_lesser_one(guarded, routes):
    assert len(routes) >= 18
    for given, secret in guarded.secrets.items():
        with client_of(guarded, secret) as client:
            statuses = [ask(client, method, path) for method, path, _ in routes]
        for (method, path, scope), status in zip(routes, statuses, strict=True):
            allowed = scope == "none" or Scope(scope) in IMPLIED[given]
            assert (status not in (401, 403)) is allowed, (method, path, given, status)


def test_every_route_is_closed_without_a_token(guarded, routes):
    with client_of(guarded) as client:
        for method, path, scope in routes:
            assert (ask(client, method, path) == 401) is (scope != "none"), (method, path)
        for path in ("/metrics", "/api/v1/openapi.json", "/", "/nothing", "/docs", "/redoc", "/openapi.json"):
            assert client.get(path).status_code == 401, path


def test_a_route_that_names_no_scope_is_not_served():
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/forgotten", lambda: None)
    with pytest.raises(LookupError, match="/forgotten"):
        openapi.install(app, router)


# -- other names, other origins


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "", "127.0.0.2", "a b", "[::1", "@localhost:1@x"]
)
def test_a_name_that_is_not_ours_is_refused_before_anything_else(guarded, host):
    with client_of(guarded, guarded.secrets[Scope.ADMIN]) as client:
        for path in ("/api/v1/slots", "/login", "/static/x", "/api/v1/health/live"):
            assert client.get(path, headers={"host": host}).status_code in (400, 421), path


def test_two_hosts_are_none(guarded):
    request = b"GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert raw(guarded, request).split()[1] in (b"400", b"421")


def test_a_foreign_origin_has_no_effect_by_any_method_on_any_route(guarded, routes):
    before = guarded.rack.get_jobs_list().total
    foreign: tuple[dict[str, str], ...] = (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {},
    )
    with client_of(guarded) as plain, client_of(guarded, guarded.secrets[Scope.ADMIN]) as client:
        del plain.headers["origin"]
        for path in {path for _, path, _ in routes} | {"/login", "/logout", "/"}:
            for method in METHODS:
                for headers in foreign:
                    asker = client if "origin" in headers or "host" in headers else plain
                    status = ask(asker, method, path, headers=headers)
                    if method not in ("GET", "HEAD"):
                        assert status in (403, 400, 404, 421), (method, path, headers, status)
    assert guarded.rack.get_jobs_list().total == before


def test_without_tokens_a_page_of_somebody_else_can_do_nothing(server):
    with client_of(server) as client, httpx.Client(base_url=server.url, trust_env=False) as nobody:
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{server.port + 1}", server.url + "/", ""):
            answer = start(client, "read_health", headers={"origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), origin
        assert start(nobody, "read_health").status_code == 403
        refused = start(nobody, "read_health", headers={"authorization": "Bearer x"})
        assert refused.status_code == 403
        assert refused.json()["remedy"].startswith("this service knows no tokens: leave the token away")
        assert start(client, "read_health").status_code == 202


def test_a_websocket_is_not_opened(guarded):
    request = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{guarded.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert raw(guarded, request.encode()).split()[1] == b"401"


# -- the login


@pytest.fixture
def browser(guarded):
    with client_of(guarded) as client:
        yield client


def log_in(client, secret, **more):
    return client.post("/login", data={"token": secret, **more})


def csrf_of(guarded, client):
    """As a page would have it from request.state.identity.csrf."""
    guard = guarded.server.app.middleware_stack.app
    while not isinstance(guard, security.Guard):
        guard = guard.app
    return guard._sessions.find(client.cookies[COOKIE]).csrf


def test_a_login_gives_a_cookie_that_scripts_and_other_sites_do_not_get(guarded, browser):
    answer = log_in(browser, guarded.secrets[Scope.RUN], next="/slots/1?x=1")
    assert answer.status_code == 303 and answer.headers["location"] == "/slots/1?x=1"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
    assert guarded.secrets[Scope.RUN] not in cookie
    assert browser.get("/api/v1/slots").status_code == 200
    assert ask(browser, "GET", "/api/v1/events") == 200, "an EventSource can send no header"


def test_a_cookie_acts_only_with_the_pages_own_word(guarded, browser):
    log_in(browser, guarded.secrets[Scope.RUN])
    path, body = "/api/v1/operations/read_health", {"client_ref": 1, "slot_id": 1}
    for wrong in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "x"}, {"x-csrf-token": browser.cookies[COOKIE]}):
        answer = browser.post(path, json=body, headers=wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_token_missing")
    right = {"x-csrf-token": csrf_of(guarded, browser)}
    assert browser.post(path, json=body, headers=right).status_code == 202
    assert browser.post(path, json=body, headers=right | {"origin": "http://evil.example"}).status_code == 403
    assert browser.post("/api/v1/slots/1/release", headers=right).status_code == 403, "run is not admin"


def test_a_logout_ends_the_session(guarded, browser):
    log_in(browser, guarded.secrets[Scope.READ])
    cookie = browser.cookies[COOKIE]
    assert browser.post("/logout").status_code == 403
    assert browser.post("/logout", headers={"x-csrf-token": csrf_of(guarded, browser)}).status_code == 303
    assert browser.get("/api/v1/slots", headers={"cookie": f"{COOKIE}={cookie}"}).status_code == 401


def test_a_session_ends_with_its_token(guarded, browser):
    secret = guarded.tokens.add("short", ["read"])
    log_in(browser, secret)
    assert browser.get("/api/v1/slots").status_code == 200
    guarded.tokens.revoke(next(token.id for token in guarded.tokens.list() if token.name == "short"))
    assert browser.get("/api/v1/slots").status_code == 401


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/a\r\nb: c", ""])
def test_a_login_leads_to_no_other_host(guarded, browser, target):
    answer = log_in(browser, guarded.secrets[Scope.READ], next=target)
    assert answer.status_code == 303 and answer.headers["location"] == "/"


def test_a_page_is_sent_to_the_login_and_back(guarded, browser):
    answer = browser.get("/slots/1?x=1", headers={"accept": "text/html"})
    assert answer.status_code == 303 and answer.headers["location"] == "/login?next=%2Fslots%2F1%3Fx%3D1"
    answer = browser.post("/login", data={"token": "x"}, headers={"accept": "text/html"})
    assert answer.headers["location"].startswith("/login?failed=wrong_token")


def test_wrong_logins_make_the_next_ones_wait(tmp_path):
    tokens = Tokens(tmp_path / "tokens.json")
    secret = tokens.add("bench", ["read"])
    with (
        Rack.simulated(slots=1) as rack,
        serve_http(rack, port=0, tokens=tokens) as server,
        client_of(server) as client,
    ):
        assert {log_in(client, "x").status_code for _ in range(MOST_FAILURES)} == {401}
        answer = log_in(client, secret)
        assert answer.status_code == 429 and 0 < int(answer.headers["retry-after"]) <= FAILURES_S + 1


def test_an_address_may_try_again_after_a_while():
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(MOST_FAILURES):
        attempts.failed("a")
    assert attempts.wait_s("a") == FAILURES_S and attempts.wait_s("b") == 0
    now[0] = FAILURES_S
    assert attempts.wait_s("a") == 0


def test_a_session_does_not_last_for_ever(tokens):
    now = [0.0]
    secret = tokens.add("bench", ["read"])
    sessions = Sessions(tokens, lambda: now[0])
    cookie = sessions.begin(tokens.check(secret))
    assert sessions.find(cookie)
    now[0] = 12 * 3600
    assert sessions.find(cookie) is None and sessions.find("") is None


def test_no_log_and_no_address_has_a_token(guarded, caplog):
    caplog.set_level(logging.DEBUG)
    secret = guarded.secrets[Scope.RUN]
    with client_of(guarded, secret) as client:
        start(client, "read_health")
        log_in(client, secret)
        client.get("/api/v1/slots", params={"token": secret}, headers={"authorization": ""})
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [record for record in ours if secret in record.getMessage()]


def test_a_token_in_the_address_opens_nothing(guarded, browser):
    secret = guarded.secrets[Scope.ADMIN]
    for name in ("token", "access_token", "key"):
        assert browser.get("/api/v1/slots", params={name: secret}).status_code == 401


# -- the floor of HTTP


def raw(server, request, *, then=b""):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
        link.sendall(request)
        if then:
            link.sendall(then)
        return link.recv(4096)


def test_a_large_body_is_refused_by_its_length_and_by_its_bytes(guarded):
    with client_of(guarded, guarded.secrets[Scope.RUN]) as client:
        path = "/api/v1/operations/read_health"
        assert client.post(path, content=b"x" * (64 * 1024 + 1)).status_code == 413
        assert client.post(path, content=(b"x" * 1024 for _ in range(65))).status_code == 413
        assert client.post(path, content=b" " * (64 * 1024)).status_code == 422


def test_a_slow_body_is_refused(guarded, monkeypatch):
    monkeypatch.setattr(security, "BODY_S", 0.2)
    request = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{guarded.port}\r\nContent-Length: 10\r\n\r\nx"
    began = time.monotonic()
    assert raw(guarded, request.encode()).split()[1] == b"408"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("range_", ["bytes=0-", "bytes=" + ",".join(["0-0"] * 2000), "bytes=5-1"])
def test_ranges_make_no_work(guarded, range_):
    with client_of(guarded, guarded.secrets[Scope.READ]) as client:
        assert client.get("/api/v1/slots", headers={"range": range_}).status_code in (200, 400, 431)


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd", "/static/%00"]
)
def test_no_path_leaves_the_static_files(guarded, path):
    answer = raw(guarded, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in (b"404", b"400", b"401")


def test_every_answer_has_the_headers_that_keep_a_page_to_itself(guarded):
    with client_of(guarded, guarded.secrets[Scope.READ]) as client:
        answers = [
            client.get("/api/v1/slots"),
            client.get("/api/v1/slots", headers={"authorization": "Bearer x"}),
            client.get("/nothing"),
            client.get("/api/v1/slots", headers={"host": "x"}),
            client.post("/api/v1/slots/1/release"),
        ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store" and "server" not in answer.headers


def test_a_fault_of_ours_tells_the_log_and_nobody_else(client, rack, monkeypatch, caplog):
    caplog.set_level(logging.ERROR, logger="orchestrator")  # others in this process may have silenced it
    monkeypatch.setattr(type(rack), "slots", lambda _: 1 / 0)
    answer = client.get("/api/v1/slots/1")
    assert answer.status_code == 500 and answer.json()["code"] == "internal_error"
    assert "division" not in answer.text and answer.headers["x-content-type-options"] == "nosniff"
    assert any(record.exc_info for record in caplog.records)


# -- where it is served


def test_an_address_that_others_reach_takes_tokens(rack, tokens):
    for given in (None, tokens):
        with pytest.raises(errors.Refused, match="can be reached by others") as caught:
            serve_http(rack, "0.0.0.0", 0, tokens=given)  # noqa: S104
        assert "token add" in caught.value.remedy
    tokens.add("bench", ["read"])
    with serve_http(rack, "0.0.0.0", 0, tokens=tokens) as server:  # noqa: S104
        url = f"http://127.0.0.1:{server.port}/api/v1"
        assert httpx.get(f"{url}/health/live", trust_env=False).status_code == 200
        assert httpx.get(f"{url}/slots", trust_env=False).status_code == 401


def test_a_port_that_is_taken_is_refused_with_its_number(rack, server):
    with pytest.raises(errors.Refused, match=str(server.port)):
        serve_http(rack, port=server.port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_this_hosts_is_refused(rack, tokens, host):
    tokens.add("bench", ["read"])
    with pytest.raises((errors.Refused, errors.ConfigError), match=host):
        serve_http(rack, host, 0, tokens=tokens)


def test_a_certificate_that_is_none_is_a_wrong_configuration(rack, tmp_path):
    (tmp_path / "cert.pem").write_text("none")
    with pytest.raises(errors.ConfigError, match=r"cert\.pem"):
        serve_http(rack, port=0, tls_certificate=tmp_path / "cert.pem", tls_key=tmp_path / "cert.pem")


def test_a_cookie_is_secure_over_https(tokens):
    secret = tokens.add("bench", ["read"])

    async def post():
        from orchestrator.interfaces.web.app import create_app

        with Rack.simulated(slots=1) as rack:
            transport = httpx.ASGITransport(create_app(rack, tokens=tokens))
            async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
                return await client.post(
                    "/login", data={"token": secret}, headers={"origin": "https://localhost"}
                ), await client.post("/login", data={"token": secret}, headers={"origin": "http://localhost"})

    ours, foreign = run_apart(post())
    assert "secure" in ours.headers["set-cookie"].lower()
    assert foreign.status_code == 403, "a page over http is not ours"
