"""Row 20: GET of all slots, against a route of the same application that answers two bytes.

    ./run bench web_slots [--slots 24,1000] [--rounds 5]

One keep-alive connection over loopback, the client in a process of its own. Goal: at least 0.7 of the floor's rate.
"""

import subprocess
import sys

from benchmarks.common import arguments, calibrate, empty_rack, interleave, ratio_line, say
from orchestrator.interfaces.web.server import serve_http

SECONDS = 1.0
CLIENT = """
import socket, sys, time
port, path, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
link = socket.create_connection(("127.0.0.1", port))
link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
request = f"GET {path} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode()
count, end = 0, time.perf_counter() + seconds
while time.perf_counter() < end:
    link.sendall(request)
    got = link.recv(1 << 18)
    head, _, body = got.partition(b"\\r\\n\\r\\n")
    left = int(head.lower().partition(b"content-length: ")[2].partition(b"\\r\\n")[0]) - len(body)
    while left:
        left -= len(link.recv(left))
    count += 1
print(count / seconds)
"""


def rate(port: int, path: str) -> float:
    """Requests a second."""
    asked = [sys.executable, "-c", CLIENT, str(port), path, str(SECONDS)]
    return float(subprocess.run(asked, capture_output=True, check=True, timeout=60).stdout)


def main() -> None:
    options = arguments(__doc__)
    for slots in options.slots:
        with empty_rack(slots) as rack, serve_http(rack, port=0) as server:
            calibration = [calibrate()]
            floor, ours = interleave(
                [
                    lambda: rate(server.port, "/api/v1/health/live"),
                    lambda: rate(server.port, "/api/v1/slots"),
                ],
                options.rounds,
            )
            calibration.append(calibrate())
            say(ratio_line(20, "GET slots", "requests/s", floor, ours, slots=slots, goal_at_least=0.7), calibration)


if __name__ == "__main__":
    main()
