"""A wire that breaks when it is told to, and servers that are none of ours."""

import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Wire:
    """Between a client and a service: passes bytes on, loses answers, is cut and mended."""

    def __init__(self, url):
        host, _, port = url.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{self._address[1]}"
        self._lock, self._open = threading.Lock(), []
        self.to_lose = 0
        """So many answers get lost from now on, each with its connection."""
        self.connections = 0
        self._listen()

    def cut(self):
        """Every connection; new ones are taken."""
        with self._lock:
            ending, self._open = self._open, []
        for each in ending:
            _end(each)

    def pull(self):
        """As `cut`, and new connections are refused until `plug`."""
        _end(self._listener)
        self._thread.join(10)
        self._listener.close()
        self.cut()

    def plug(self):
        self._listener = socket.create_server(self._address)
        self._listen()

    def _listen(self):
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    def _accept(self, listener):
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.connections += 1
                service = socket.create_connection(self._target)
                with self._lock:
                    self._open += [client, service]
                threading.Thread(target=self._pass_on, args=(client, service, False), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(service, client, True), daemon=True).start()

    def _pass_on(self, source, sink, is_answer):
        with suppress(OSError):
            while chunk := source.recv(65536):
                if is_answer and self.to_lose:
                    self.to_lose -= 1
                    break
                sink.sendall(chunk)
        _end(source)
        _end(sink)
        source.close()


def _end(each):
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def stranger(*answers):
    """A server that gives these (status, content type, body) in turn, the last one again and again; and what it was
    asked."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, dict(self.headers)))
            status, kind, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join(10)
