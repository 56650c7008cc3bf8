"""The command line in this process, and as a process of its own."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.interfaces import cli

COMMAND = (sys.executable, "-m", "orchestrator.interfaces.cli")


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


@pytest.fixture
def orchestrator(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Runs `orchestrator ARGUMENTS...` as the entry point does."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["orchestrator", *arguments])
        capsys.readouterr()
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as left:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        out, err = capsys.readouterr()
        return Said(int(left.value.code or 0), out, err)

    return run


@pytest.fixture
def rack_file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "rack.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def process() -> Callable[..., "subprocess.Popen[str]"]:
    """The command as a process of its own, for signals and for what it imports."""

    def start(*arguments: str) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        return subprocess.Popen([*COMMAND, *arguments], stdout=pipe, stderr=pipe, text=True)

    return start


@pytest.fixture
def terminal() -> Callable[..., str]:
    """What the command writes to a terminal of so many columns, without its colours and movements."""

    def run(*arguments: str, columns: int) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
        command = [*COMMAND, *arguments]
        started = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while chunk := os.read(ours, 65536):
                written += chunk
        os.close(ours)
        assert started.wait(timeout=60) == 0
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode().replace("\r\n", "\n").replace("\r", "\n"))

    return run
