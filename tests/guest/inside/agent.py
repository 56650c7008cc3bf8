"""Runs commands for the host, one after another, each with its deadline; one JSON object a line, both ways.

Asked {"command": shell text, "deadline_s": 60}, it answers {"status": exit status, "out": both streams}; 124 = killed
at its deadline. A command that leaves a process behind must redirect that one's output, or its end is waited for.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

PORT = Path("/dev/virtio-ports/agent")
PORT_S = 20


def run(command: str, deadline_s: float) -> dict[str, object]:
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    argv = ("/bin/sh", "-c", command)
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=both, start_new_session=True) as child:
        try:
            out, status = child.communicate(timeout=deadline_s)[0], child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, status = child.communicate()[0], 124
    return {"status": status, "out": out.decode(errors="replace")}


def main() -> None:
    until = time.monotonic() + PORT_S
    while not PORT.exists():
        if time.monotonic() > until:
            raise SystemExit(f"no {PORT}")
        time.sleep(0.05)
    with PORT.open("r+b", buffering=0) as port:
        port.write(b'{"ready": true}\n')
        waiting = b""
        while True:
            part = os.read(port.fileno(), 65536)
            if not part:  # the host has not opened its end
                time.sleep(0.05)
            *lines, waiting = (waiting + part).split(b"\n")
            for line in lines:
                port.write(json.dumps(run(**json.loads(line))).encode() + b"\n")


main()
