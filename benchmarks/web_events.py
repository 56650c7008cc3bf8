"""Row 21: live events to 100 clients, while 1,000 jobs report progress at 10 Hz, and one client that does not read.

    ./run bench web_events [--slots 1000] [--clients 100] [--seconds 5]

The clients are a process of their own. What the service costs is the processor time with the clients less that of the
same rack, service and reports without any. Goals: at most 0.05 of a core, at most 10 MB/s; nobody waits for the one
that does not read.
"""

import argparse
import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.common import calibrate, empty_rack, say
from benchmarks.progress import BENCHES, stand
from orchestrator.interfaces.web.server import HttpServer, serve_http

CLIENTS = """
import selectors, socket, sys, time
port, clients, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
found = selectors.DefaultSelector()
for n in range(clients):
    link = socket.create_connection(("127.0.0.1", port))
    link.sendall(b"GET /api/v1/events HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    found.register(link, selectors.EVENT_READ)
while ready := found.select(0.5):  # the snapshots
    for key, _ in ready:
        key.fileobj.recv(1 << 20)
print("ready", flush=True)
sys.stdin.readline()
total, end = 0, time.perf_counter() + seconds
first = next(iter(found.get_map().values())).fileobj
gaps, last = [], time.perf_counter()
while time.perf_counter() < end:
    for key, _ in found.select(0.1):
        got = key.fileobj.recv(1 << 20)
        total += len(got)
        if key.fileobj is first and b"event: delta" in got:
            now = time.perf_counter()
            gaps.append(now - last)
            last = now
print(total / seconds / 1e6, max(gaps, default=0), len(gaps) / seconds)
"""


def cores(seconds: float, percents: Iterator[int]) -> float:
    """Processor seconds of this process per second, while all jobs report the next of `percents` at 10 Hz."""
    cpu, began = time.process_time(), time.perf_counter()
    until = began
    while (now := time.perf_counter()) - began < seconds:
        for percent in itertools.islice(percents, 1):
            for bench in BENCHES:
                bench.progress(percent)
        until += 0.1
        time.sleep(max(0.0, until - now))
    return (time.process_time() - cpu) / (time.perf_counter() - began)


def with_clients(server: HttpServer, clients: int, seconds: float, percents: Iterator[int]) -> tuple[float, ...]:
    """Cores, MB/s, the longest wait between two deltas, deltas a second; one more client never reads."""
    with socket.create_connection(("127.0.0.1", server.port)) as sleeper:
        sleeper.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        asked = [sys.executable, "-c", CLIENTS, str(server.port), str(clients), str(seconds)]
        with subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdin is not None and reader.stdout is not None
            reader.stdout.readline()
            reader.stdin.write("\n")
            reader.stdin.flush()
            used = cores(seconds, percents)
            rate, longest, deltas = map(float, reader.stdout.readline().split())
    return used, rate, longest, deltas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0, help="a job has 99 steps: less than 3.3")
    options = parser.parse_args()
    with empty_rack(options.slots) as rack:
        ids = [rack.start(stand, 1, slot_id) for slot_id in range(1, options.slots + 1)]
        while len(BENCHES) < options.slots:
            time.sleep(0.01)
        calibration, percents = [calibrate()], iter(range(1, 100))
        with serve_http(rack, port=0) as server:
            idle, *_ = with_clients(server, options.clients, options.seconds, iter(()))
        alone = cores(options.seconds, percents)
        with serve_http(rack, port=0):
            without = cores(options.seconds, percents)
        with serve_http(rack, port=0) as server:
            used, rate, longest, deltas = with_clients(server, options.clients, options.seconds, percents)
            dropped = server.feed.dropped
        calibration.append(calibrate())
        say(
            {
                "row": 21,
                "metric": f"events, {options.clients} clients, {options.slots} slots, 10 Hz",
                "unit": "cores",
                "goal": 0.05,
                "ours": round(used - without, 3),
                "with_clients": round(used, 3),
                "floor": round(without, 3),
                "rack_alone": round(alone, 3),
                "idle_streams": round(idle, 4),
                "mb_s": round(rate, 2),
                "goal_mb_s": 10,
                "deltas_s": round(deltas, 1),
                "longest_gap_ms": round(longest * 1e3),
                "dropped": dropped,
            },
            calibration,
        )
        for job_id in ids:
            rack.cancel_job(job_id)
        rack.wait(ids, 60)


if __name__ == "__main__":
    main()
