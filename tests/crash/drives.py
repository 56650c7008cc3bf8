"""Drives that outlive the rack's process: models in the test's process, asked by a stand-in smartctl over a socket.

    rack ──▶ bash ./smartctl -a /dev/.../bay-3 ──loopback──▶ Drives ──▶ StandInSmartctl ──▶ the drive model of slot 3

As with real drives, a self-test goes on and its log grows whether or not a rack lives. `/dev/.../bay-3` is a plain file
below /dev/shm, full of holes, so that the real reader of surfaces reads it.
"""

import contextlib
import shutil
import socket
import socketserver
import tempfile
import threading
import time
from pathlib import Path

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import load_profiles
from orchestrator.simulated.smartctl import StandInSmartctl, parsed
from tests.crash.rack_process import until

SPEED = 400.0
"""Rack seconds per host second: a self-test of two minutes takes 0.3 s."""
KINDS = {1: Protocol.ATA, 2: Protocol.SCSI, 3: Protocol.NVME, 4: Protocol.ATA}
"""By slot."""
HANGS = 4
"""The slot whose drive hangs on every read, while `hanging` is set; who it is, it always tells."""
DEADLINE_S = 2.0
SURFACE_BYTES = 8 << 30
TOOL = """#!/bin/bash
export CRASH_TEST={folder}
exec 3<>/dev/tcp/127.0.0.1/{port} || exit 2
printf '%s\\n' "$*" >&3
read -r status <&3 || exit 2
cat <&3
exit "$status"
"""


class Drives:
    """A drive a slot, the stand-in that asks them, and the rack file. Close it."""

    def __init__(self, folder: Path, speed: float = SPEED) -> None:
        self.folder, self.nodes = folder, Path(tempfile.mkdtemp(prefix="crash-", dir="/dev/shm"))
        profiles = {protocol: next(p for p in load_profiles() if p.protocol is protocol) for protocol in Protocol}
        self.models: dict[int, DriveModel] = {}
        for slot_id, protocol in KINDS.items():
            self.models[slot_id] = DriveModel(profiles[protocol], f"SN{slot_id}", lambda: time.monotonic() * speed)
            with (self.nodes / f"bay-{slot_id}").open("wb") as node:
                node.truncate(SURFACE_BYTES)
        self.hanging = False
        self.hung = set[socket.socket]()
        """The connections of tools that hang."""
        self._server = _Server(("127.0.0.1", 0), self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="drives", daemon=True).start()
        tool = folder / "smartctl"
        tool.write_text(TOOL.format(folder=folder, port=self._server.server_address[1]))
        tool.chmod(0o755)
        self.rack_file, self.store = folder / "rack.yaml", folder / "rack.db"
        self.rack_file.write_text(
            f'ranges: [{{ids: {min(KINDS)}-{max(KINDS)}, node: "{self.nodes}/bay-{{n}}"}}]\n'
            f"smartctl: {{path: {tool}, deadline_s: {DEADLINE_S}}}\nstore: {{path: {self.store.name}}}\n"
        )

    def find(self, node: str) -> DriveModel | None:
        return self.models.get(int(node.rpartition("-")[2]))

    def tools(self, begun_by: int | None = None) -> list[str]:
        """The tools of our racks that live; only those started up to this moment, in ticks since boot."""
        marks = (str(self.folder).encode(), str(self.nodes).encode())
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line, fields = (process / "cmdline").read_bytes(), (process / "stat").read_text().rpartition(")")[2]
                started, told = int(fields.split()[19]), line + (process / "environ").read_bytes()
                if line and any(mark in told for mark in marks) and (begun_by is None or started <= begun_by):
                    found.append(f"{process.name} {line!r}")
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for hung in list(self.hung):
            with contextlib.suppress(OSError):  # it has just gone
                hung.shutdown(socket.SHUT_RDWR)
        until(lambda: not self.tools())
        shutil.rmtree(self.nodes)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], drives: Drives) -> None:
        super().__init__(address, _Call)
        self.drives, self.smartctl = drives, StandInSmartctl(drives.find)


class _Call(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        argv = tuple(self.rfile.readline().decode().split())
        if not argv:
            return  # it was killed before it said anything
        slot_id = int(parsed(argv).node.rpartition("-")[2] or 0)
        with contextlib.suppress(ConnectionError):
            if slot_id == HANGS and self.server.drives.hanging and "-a" in argv:
                self.wfile.write(b"0\n")
                self.server.drives.hung.add(self.connection)
                self.rfile.read()  # until it is killed
                self.server.drives.hung.discard(self.connection)
                return
            status, output = self.server.smartctl.run(argv)
            self.wfile.write(b"%d\n" % status + output)
