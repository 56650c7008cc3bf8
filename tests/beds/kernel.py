"""The kernel's own events without a drive: real udevd, loop devices 70 to 79, and a udev rule that makes slots of them.

Only for root, and only where none of these ten devices exists: what is there already is never touched. udevd is started
by hand where none runs, and stopped again by its pid.
"""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

NUMBERS = range(70, 80)
LOOP_CTL_ADD, LOOP_CTL_REMOVE = 0x4C80, 0x4C81
"""linux/loop.h"""
UDEVD = Path("/lib/systemd/systemd-udevd")
RUN_UDEV = Path("/run/udev")
RULE = (
    'SUBSYSTEM=="block", KERNEL=="loop7[0-9]", ACTION!="remove", ENV{{ID_PATH}}="rack0-slot-%n", '
    'PROGRAM="/bin/cat {folder}/%k", ENV{{ID_SERIAL_SHORT}}="%c"\n'
)
DRIVE = Path(__file__).parents[1] / "adapters/stand_ins/ata-read.json"
PATIENCE_S = 20.0


class Missing(Exception):
    """Why this cannot be done here."""


class Kernel:
    """Ten slots, 70 to 79, of loop devices. What smartctl says of each is a stand-in's: a loop device has no SMART."""

    def __init__(self, folder: Path) -> None:
        self.idents, self.there = folder / "idents", dict.fromkeys(NUMBERS, "empty")
        self.idents.mkdir()
        self.smartctl = folder / "smartctl"
        told = json.dumps(json.loads(DRIVE.read_text()))
        (folder / "drive.json").write_text(told)
        self.smartctl.write_text(
            "#!/bin/sh\nfor node; do :; done\n"
            f'serial=$(cat "{self.idents}/${{node##*/}}") && [ -e "$node" ] ||\n'
            '    { echo "$node: No such device"; exit 2; }\n'
            f'exec sed "s/SN-ATA/$serial/g" "{folder}/drive.json"\n'
        )
        self.smartctl.chmod(0o755)
        self._control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)

    def plug(self, number: int, serial: str) -> None:
        (self.idents / f"loop{number}").write_text(serial)
        fcntl.ioctl(self._control, LOOP_CTL_ADD, number)
        self.there[number] = serial

    def pull(self, number: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.ioctl(self._control, LOOP_CTL_REMOVE, number)
                break
            except OSError as error:  # someone, such as udevd, has it open for a moment
                if error.errno != errno.EBUSY or time.monotonic() > until:
                    raise
                time.sleep(0.001)
        (self.idents / f"loop{number}").unlink()
        self.there[number] = "empty"

    def change(self, number: int, times: int) -> None:
        for _ in range(times):
            Path(f"/sys/block/loop{number}/uevent").write_text("change")

    def settle(self) -> None:
        """Wait until udevd has worked off what the kernel told it."""
        subprocess.run(["udevadm", "settle", "--timeout=20"], check=True, timeout=30)

    def close(self) -> None:
        for number in NUMBERS:
            if self.there[number] != "empty":
                self.pull(number)
        os.close(self._control)


@contextlib.contextmanager
def kernel() -> Iterator[Kernel]:
    """Raises Missing with the reason. One user at a time, also among pytest's workers."""
    _check()
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(open("/run/lock/orchestrator-loop-lane", "w"))  # noqa: PTH123
        fcntl.flock(lock, fcntl.LOCK_EX)
        if taken := [n for n in NUMBERS if Path(f"/sys/block/loop{n}").exists()]:
            raise Missing(f"loop{taken[0]} exists already and is not ours")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loops")))
        folder.chmod(0o755)
        found = Kernel(folder)
        stack.enter_context(_udevd(RULE.format(folder=found.idents)))
        stack.callback(found.close)
        yield found


def _check() -> None:
    if os.geteuid() != 0:
        raise Missing("loop devices are added by root alone")
    for needed in (UDEVD, Path("/dev/loop-control")):
        if not needed.exists():
            raise Missing(f"no {needed} (apt install udev)")


@contextlib.contextmanager
def _udevd(rule: str) -> Iterator[None]:
    before, rules = RUN_UDEV.exists(), RUN_UDEV / "rules.d/99-orchestrator-lane.rules"
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text(rule)
    started = None
    try:
        if not _answers():
            quiet = subprocess.DEVNULL
            started = subprocess.Popen([str(UDEVD)], stdin=quiet, stdout=quiet, stderr=quiet)
            until = time.monotonic() + PATIENCE_S
            while not _answers():
                if started.poll() is not None or time.monotonic() > until:
                    raise Missing(f"{UDEVD} does not start here")
                time.sleep(0.05)
        _udevadm("control", "--reload")
        yield
    finally:
        rules.unlink()
        if started is not None:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
            (RUN_UDEV / "control").unlink(missing_ok=True)
        if not before:
            shutil.rmtree(RUN_UDEV, ignore_errors=True)


def _answers() -> bool:
    return (RUN_UDEV / "control").exists() and _udevadm("control", "--ping", "--timeout=5")


def _udevadm(*arguments: str) -> bool:
    return subprocess.run(["udevadm", *arguments], check=False, capture_output=True, timeout=30).returncode == 0
