"""One guest: booted, told commands, drives plugged into it and pulled out, and gone at the end whatever happened.

    Machine ──QMP──────────────▶ qemu: device_add, device_del           the hand at the rack
        └────virtio-serial port─▶ inside/agent.py: one command at a time  the person at the console

Always in pure emulation: with the KVM of a nested host an ordinary kernel hangs. Every wait has a deadline, in host
seconds, ten times what was measured on two quiet cores.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.guest.prepare import REPOSITORY, GuestParts, Missing, archive

QEMU = "qemu-system-x86_64"
BOOT_S = 120.0
ANSWER_S = 60.0
SLOTS = 4
"""PCIe slots for NVMe, named slot1 and so on; the guest sees each at a path of its own."""
NVME_BYTES = 64 << 20


class Broken(AssertionError):
    """The guest did not do what it was told, in time; with the last lines of its console."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One command in the guest."""

    status: int
    out: str

    def json(self) -> Any:
        """Its last line, as JSON."""
        return json.loads(self.out.strip().splitlines()[-1])


def hand_over(parts: GuestParts, folder: Path) -> Path:
    """An initrd with the wheel of the working tree and what lies in inside/: in the guest at /lane. Three seconds."""
    lane, site = folder / "lane/lane", folder / "lane/lane/site"
    shutil.copytree(Path(__file__).parent / "inside", lane, ignore=shutil.ignore_patterns("__pycache__"))
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True, timeout=60)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    # of use to a guest whose Python is of the same version; another does not look at it
    compiling = (sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(site))
    subprocess.run(compiling, check=True, capture_output=True, timeout=60)
    initrd = folder / "initrd"
    initrd.write_bytes(parts.initrd.read_bytes() + archive(parts.busybox, folder / "lane"))
    return initrd


def check_host() -> None:
    """Raises Missing where no guest can run."""
    if shutil.which(QEMU) is None:
        raise Missing(f"no {QEMU}; type: sudo apt-get install -y --no-install-recommends qemu-system-x86")


class Machine:
    """A running guest; use it in a `with`. Raises Broken when it does not come up."""

    def __init__(self, parts: GuestParts) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="guest"))  # short: a socket's path ends at 108 bytes
        self._console = self._folder / "console"
        self._ended = contextlib.ExitStack()
        self._ended.callback(shutil.rmtree, self._folder, ignore_errors=True)
        began = time.monotonic()
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self._qemu = subprocess.Popen(_command(parts, hand_over(parts, self._folder), self._folder))
            self._ended.callback(self._stop)
            self._control = self._ended.enter_context(_Line(self._folder / "control", self._tell))
            self._agent = self._ended.enter_context(_Line(self._folder / "agent", self._tell))
            self._control.receive(ANSWER_S)  # qemu's greeting
            self.control("qmp_capabilities")
            self._agent.receive(BOOT_S)
            undo.pop_all()
        self.boot_s = time.monotonic() - began

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends qemu, by its own process."""
        self._ended.close()

    # -- the person at its console

    def run(self, command: str, deadline_s: float = ANSWER_S) -> Ran:
        """A shell command in the guest, killed there at its deadline (status 124)."""
        self._agent.send({"command": command, "deadline_s": deadline_s})
        answer = self._agent.receive(deadline_s + ANSWER_S)
        return Ran(answer["status"], answer["out"])

    def check(self, command: str, deadline_s: float = ANSWER_S) -> str:
        """The output of a command that must succeed."""
        ran = self.run(command, deadline_s)
        if ran.status:
            raise Broken(f"{command!r} left with {ran.status}: {ran.out}\n{self._tell()}")
        return ran.out

    def wait(self, command: str, deadline_s: float = ANSWER_S) -> str:
        """The output of a command as soon as it succeeds; asked again and again until the deadline."""
        until = time.monotonic() + deadline_s
        while (ran := self.run(command)).status:
            if time.monotonic() > until:
                raise Broken(f"{command!r} did not succeed in {deadline_s:g} s: {ran.out}\n{self._tell()}")
            time.sleep(0.1)
        return ran.out

    # -- the hand at the rack

    def plug_nvme(self, slot: int, serial: str, bytes_per_s: int = 0) -> None:
        """A new NVMe drive, all zeros, into an empty slot (1 to SLOTS). Returns when qemu has done its part.

        `bytes_per_s`: how fast it reads at most, after the first four seconds' worth; 0 = as fast as it can.
        """
        limits = {"x-bps-total": bytes_per_s, "x-bps-total-max": 4 * bytes_per_s, "x-bps-total-max-length": 1}
        self.control("object-add", **{"qom-type": "throttle-group", "id": f"pace-{serial}"}, **limits)
        medium = {"driver": "null-co", "size": NVME_BYTES, "read-zeroes": True}
        drive = {"driver": "throttle", "throttle-group": f"pace-{serial}", "node-name": f"medium-{serial}"}
        self.control("blockdev-add", **drive, file=medium)
        device = {"driver": "nvme", "id": serial, "serial": serial, "drive": f"medium-{serial}", "bus": f"slot{slot}"}
        self.control("device_add", **device)

    def pull_nvme(self, serial: str) -> None:
        """Out with it. Returns when the guest's kernel has let go of the device."""
        self.control("device_del", id=serial)
        self._control.receive(ANSWER_S, lambda said: said.get("event") == "DEVICE_DELETED")

    def control(self, execute: str, **arguments: object) -> Any:
        """One QMP command; what it returned. Raises Broken with qemu's words when it refuses."""
        self._control.send({"execute": execute, "arguments": arguments})
        answer = self._control.receive(ANSWER_S, lambda said: "return" in said or "error" in said)
        if "error" in answer:
            raise Broken(f"{execute}: {answer['error']['desc']}")
        return answer["return"]

    def _tell(self) -> str:
        text = self._console.read_text(errors="replace") if self._console.exists() else ""
        return "\n".join(["the guest's console says last:", *text.splitlines()[-60:]])

    def _stop(self) -> None:
        self._qemu.kill()
        self._qemu.wait(ANSWER_S)


class _Line:
    """JSON objects, a line each, over a Unix socket that somebody may only be about to open."""

    def __init__(self, path: Path, tell: Any) -> None:
        self._path, self._tell = path, tell
        self._socket = socket.socket(socket.AF_UNIX)
        self._waiting = b""
        self._heard: list[Any] = []
        """What came while something else was waited for."""
        until = time.monotonic() + ANSWER_S
        while True:
            try:
                self._socket.connect(str(path))
                return
            except OSError as error:
                if time.monotonic() > until:
                    raise Broken(f"qemu did not open {path.name}: {error}") from error
                time.sleep(0.05)

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, said: dict[str, object]) -> None:
        self._socket.settimeout(ANSWER_S)
        self._socket.sendall(json.dumps(said).encode() + b"\n")

    def receive(self, deadline_s: float, wanted: Any = lambda _: True) -> Any:
        """The first that is wanted, the others kept for later. Raises Broken at the deadline, or at the guest's end."""
        until = time.monotonic() + deadline_s
        while True:
            for i, said in enumerate(self._heard):
                if wanted(said):
                    return self._heard.pop(i)
            left = until - time.monotonic()
            self._socket.settimeout(max(0.001, left))
            try:
                part = self._socket.recv(65536)
            except TimeoutError as error:
                raise Broken(f"no word on {self._path.name} in {deadline_s:g} s; {self._tell()}") from error
            if not part:
                raise Broken(f"qemu ended; {self._tell()}")
            *lines, self._waiting = (self._waiting + part).split(b"\n")
            self._heard += [json.loads(line) for line in lines]


def _command(parts: GuestParts, initrd: Path, folder: Path) -> list[str]:
    slots = [
        word for i in range(1, SLOTS + 1) for word in ("-device", f"pcie-root-port,id=slot{i},chassis={i},slot={i}")
    ]
    processors = min(2, os.cpu_count() or 1)
    return [
        QEMU,
        *("-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "qemu64", "-m", "768", "-smp", str(processors)),
        *("-nodefaults", "-nographic", "-no-reboot", "-kernel", str(parts.kernel), "-initrd", str(initrd)),
        *("-append", "console=ttyS0 quiet panic=-1 mitigations=off", "-serial", f"file:{folder}/console"),
        *("-drive", f"if=none,id=root,file={parts.image},format=raw,snapshot=on"),
        *("-device", "virtio-blk-pci,drive=root,addr=0x1e"),
        *("-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off"),
        *("-device", "virtserialport,chardev=agent,name=agent"),
        *("-qmp", f"unix:{folder}/control,server=on,wait=off"),
        *slots,
    ]
