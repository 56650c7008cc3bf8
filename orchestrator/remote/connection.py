"""Requests to a service, from any thread: kept connections, and tries again while the service cannot be reached.

    ask() ──▶ an idle connection, or a new one ──▶ Answer
                 └── connection lost, or a proxy says 502 to 504 ──▶ again, for `timeout` host seconds ──▶ Unreachable

Whatever is asked may be asked twice: reading changes nothing, control changes nothing the second time, and a start
carries a key of its own by which the service knows it again.
"""

import http.client
import json
import select
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from orchestrator.model import errors
from orchestrator.model.errors import BY_CODE, InvalidArgument, OrchestratorError, RackClosed, Unreachable
from orchestrator.remote.address import Address, Way

T = TypeVar("T")
API = "/api/v1"
ATTEMPT_S, LEAST_S = 10.0, 1.0
"""Host seconds that the service may be silent before a try counts as lost; what it is asked to wait comes on top."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
SILENT_S = 40.0
"""Of a stream, which says something every 15 s."""
GATEWAY = (502, 503, 504)
"""What a proxy says for a service that is not there, and a service that is full; with a problem it is our own word."""
_BY_STATUS: dict[int, type[OrchestratorError]] = {
    401: errors.NotPermitted,
    403: errors.NotPermitted,
    404: errors.NotFound,
    422: InvalidArgument,
    424: errors.NoAnswer,
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        """Raises OrchestratorError when it is none, which no service of ours would send."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise OrchestratorError(
                f"the answer (HTTP {self.status}) is not an orchestrator's", remedy="see whose address it is"
            ) from None

    def problem(self) -> OrchestratorError | None:
        """What the service raised: the class that its code names, or the nearest to the status. None where it did not
        raise."""
        if self.status < 300:
            return None
        found = self.json()
        if not isinstance(found, dict) or "code" not in found:
            return OrchestratorError(
                f"the answer (HTTP {self.status}) is not an orchestrator's", remedy="see whose address it is"
            )
        kind = BY_CODE.get(found["code"]) or _BY_STATUS.get(self.status, OrchestratorError)
        return kind(
            str(found.get("detail", "")),
            remedy=str(found.get("remedy", "")),
            slot_id=found.get("slot_id"),
            serial=str(found.get("serial", "")),
        )


class Connection:
    """To one service, whether it is there or not. Its methods may be called from any thread."""

    def __init__(self, url: str, token: str | None, timeout: float, cafile: str | Path | None) -> None:
        self.address = Address.of(url)
        self.timeout = timeout
        if token and not (token.isascii() and token.isprintable()):
            raise InvalidArgument("the token is none: it holds what no token holds", remedy="copy it whole, one line")
        self._way = Way(self.address, cafile)
        self._headers = {"Accept": "application/json", **self._way.headers()}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        else:  # the service takes it from whom it would take a page of its own
            self._headers["Origin"] = self.address.origin
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._sockets: set[socket.socket] = set()
        self._closed = threading.Event()

    # -- asking

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        wait: float = 0.0,
    ) -> Answer:
        """The service's answer, whatever its status. Blocks.

        Args:
            wait: host seconds that the service is asked to take.
        Raises Unreachable; RackClosed when this end was closed.
        """
        sent = self._headers | dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        target = self._way.target(API + path + (f"?{urlencode(query)}" if query else ""))
        limit = max(LEAST_S, min(ATTEMPT_S, self.timeout)) + wait

        def attempt() -> Answer:
            return self._exchange(method, target, body, sent, limit)

        return self._try_on(attempt)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that is there. Raises what the service raised, and as `ask`."""
        return self._told(self.ask("GET", path, query=query))

    def post(self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, wait: float = 0.0) -> Any:
        """As `get`."""
        return self._told(self.ask("POST", path, body=body, headers=headers, wait=wait))

    def stream(self, path: str, headers: Mapping[str, str]) -> "Stream":
        """A body without an end. Raises as `get`."""
        target, sent = self._way.target(API + path), self._headers | {"Accept": "text/event-stream"} | dict(headers)

        def attempt() -> Stream:
            connection, _ = self._take(SILENT_S, fresh=True)
            try:
                response, held = self._send(connection, "GET", target, None, sent)
                if response.status != 200:
                    answer = Answer(response.status, response.read())
                    _refuse_gateway(answer, response)
                    raise answer.problem() or OrchestratorError(f"{self.address}{path} is no stream")
                return Stream(self, response, held)
            except BaseException:
                self._drop(connection)
                raise

        return self._try_on(attempt)

    def close(self) -> None:
        """Whoever waits for an answer or a stream is told RackClosed, or the end."""
        self._closed.set()
        with self._lock:
            held, self._sockets = self._sockets, set()
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        for each in held:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def _told(self, answer: Answer) -> Any:
        if (problem := answer.problem()) is not None:
            raise problem
        return answer.json()

    # -- one try, and the next

    def _try_on(self, attempt: Callable[[], T]) -> T:
        until, pause = time.monotonic() + self.timeout, FIRST_PAUSE_S
        while True:
            if self.closed:
                raise RackClosed(f"the connection to {self.address} was closed here", remedy="connect again")
            try:
                return attempt()
            except (OSError, http.client.HTTPException) as exc:
                if isinstance(exc, OrchestratorError):  # JobNotFinished is a TimeoutError, and so an OSError
                    raise
                lost = exc
            if not self.closed and (_is_final(lost) or time.monotonic() + pause > until):
                raise self._unreachable(lost) from lost
            self._closed.wait(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2)

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], limit: float
    ) -> Answer:
        while True:
            connection, is_kept = self._take(limit)
            try:
                response, held = self._send(connection, method, target, body, headers)
                answer = Answer(response.status, response.read())
            except BaseException as exc:
                self._drop(connection)
                if is_kept and isinstance(exc, ConnectionError | http.client.BadStatusLine) and not self.closed:
                    continue  # the service had closed it meanwhile, which says nothing
                raise
            with self._lock:
                self._sockets.discard(held)
                kept = not response.will_close and not self.closed
                if kept:
                    self._idle.append(connection)
            if not kept:
                connection.close()
            _refuse_gateway(answer, response)
            return answer

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> tuple[http.client.HTTPResponse, socket.socket]:
        """The answer's head, and the socket that its body will come by."""
        if connection.sock is None:
            connection.connect()
        held: socket.socket = connection.sock  # the body may outlive the connection's hold of it
        with self._lock:
            self._sockets.add(held)
        if self.closed:
            raise ConnectionAbortedError("closed here")
        connection.request(method, target, body, dict(headers))
        return connection.getresponse(), held

    def _take(self, limit: float, *, fresh: bool = False) -> tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it was used before."""
        while not fresh:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                break
            if connection.sock is not None and not _has_news(connection.sock):
                connection.sock.settimeout(limit)
                return connection, True
            connection.close()
        return self._way.open(limit), False

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        if connection.sock is not None:
            self.release(connection.sock)
        connection.close()

    def release(self, held: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(held)

    def _unreachable(self, lost: Exception) -> Unreachable:
        remedy = "see that `orchestrator serve` runs there, and that this host reaches the address"
        if isinstance(lost, ssl.SSLCertVerificationError):
            remedy = "name its authority's file (cafile), or the host as its certificate does"
        elif isinstance(lost, ssl.SSLError):
            remedy = "see whether the service speaks https there, or http"
        why = str(lost.strerror if isinstance(lost, OSError) and lost.strerror else lost) or type(lost).__name__
        return Unreachable(f"{self.address} gives no answer: {why}", remedy=remedy, host=self.address.host)


class Stream:
    """A body without an end, as it comes."""

    def __init__(self, connection: Connection, response: http.client.HTTPResponse, held: socket.socket) -> None:
        self._response = response
        self.close = weakref.finalize(self, _end, connection, response, held)  # also when nobody holds it any more

    def read(self) -> bytes:
        """What came; empty at the end that the service meant. OSError or HTTPException when the connection was lost."""
        return self._response.read1(1 << 16)


def _end(connection: Connection, response: http.client.HTTPResponse, held: socket.socket) -> None:
    connection.release(held)
    response.close()
    held.close()


def _refuse_gateway(answer: Answer, response: http.client.HTTPResponse) -> None:
    kind = response.headers.get_content_type()
    if answer.status in GATEWAY and kind not in ("application/problem+json", "application/json"):
        raise ConnectionError(f"HTTP {answer.status}")


def _is_final(lost: Exception) -> bool:
    """Trying again would not help."""
    unknown = isinstance(lost, socket.gaierror) and lost.errno == socket.EAI_NONAME
    broken_off = isinstance(lost, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return unknown or (isinstance(lost, ssl.SSLError | http.client.InvalidURL) and not broken_off)


def _has_news(held: socket.socket) -> bool:
    """On an idle connection that is its end."""
    poll = select.poll()
    poll.register(held, select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))
