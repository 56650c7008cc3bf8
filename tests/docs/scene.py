"""Where the blocks of one page run: a fresh folder that looks like the host which the page is written for.

    folder/rack.yaml, config/    a simulated rack that has a history of 13 jobs, and its copies; recipes
    folder/examples/             where a block names them
    folder/bin                   first on PATH: stand_ins.py
    http://127.0.0.1:8080        the service of rack.yaml, started by a page's own `orchestrator serve`, or by its name
    https://bench-7:8443         another one, with a certificate and a token, started by its name

Words that mean a thing of the reader's host are replaced by ours; nothing else of a block is changed. Services are
stopped by their pid.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator import Rack
from tests.docs import stand_ins
from tests.docs.pages import ROOT
from tests.interfaces.serving import certificate_in

HERE, FAR = "http://127.0.0.1:8080", "https://bench-7:8443"
SERIAL = "ZC1A2B3C"
"""Of the pages' examples; the drive in slot 3 stands for it."""
SLOTS = 8
RACK = f"simulated: {{slots: {SLOTS}, speed: 100000}}\nstore: {{path: history.db}}\n"
SOON_S = 50.0
ENDLESS = re.compile(r"orchestrator watch|--no-buffer|demo .*--keep|live_events.py http")
"""Commands that a reader ends by Ctrl-C; here it comes behind their first line."""
SERVES = re.compile(r"^(?:\./run )?orchestrator serve (?!.*(--dry-run|--help))")
ASKS = re.compile(r"orchestrator (jobs|status|result|report|history|wait|cancel|pause|resume|release|watch) ")
NAMED = re.compile(r"--(config|url|simulated|help)")
"""What names no rack means the service at 127.0.0.1:8080."""
TRIED = "until Ctrl-C"
"""What the comment says behind a service that is not left running for the next blocks."""


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    said: str
    """Both streams, as a terminal shows them."""


def make_history(folder: Path) -> str:
    """A rack file whose store holds jobs 1 to 13, the 12th a self-test of slot 3. The serial of slot 3."""
    (folder / "rack.yaml").write_text(RACK)
    with Rack.from_config(folder / "rack.yaml") as rack:
        for slot_id in (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3):
            rack.read_health(1, slot_id)
        rack.wait([rack.run_smart_test(1, 3), rack.read_health(1, 3)], SOON_S)
        return rack.simulation.drive(3).serial


class Scene:
    def __init__(self, folder: Path, history: Path, serial: str) -> None:
        """`history`: a folder that `make_history` filled; `serial`: what it gave."""
        self.folder, self._serial = folder, serial
        self._urls: dict[str, str] = {}
        self._left: list[subprocess.Popen[str]] = []
        self._state = folder / ".state"
        bin_ = stand_ins.put(folder)
        shutil.copytree(ROOT / "config", folder / "config")
        shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("images"))
        for name in ("", "config", "etc", "far"):
            shutil.copytree(history, folder / name, dirs_exist_ok=True)
        for name in ("home", "var"):
            (folder / name).mkdir()
        self._environment = {
            "PATH": f"{bin_}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{folder / 'site'}:{folder}:{ROOT}",
            "HOME": str(folder / "home"),
            "XDG_STATE_HOME": str(folder / "state"),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "200",
            "RACK_ALERT_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }

    # -- what the words mean here

    def ours(self, text: str) -> str:
        if (
            "examples/" in text and not (self.folder / "examples").exists()
        ):  # only then: a bare `pytest` would find them
            unwanted = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(ROOT / "examples", self.folder / "examples", ignore=unwanted)
        if HERE in text:
            if HERE not in self._urls:
                self._serve("orchestrator serve --config rack.yaml")
            text = text.replace(HERE, self._urls[HERE])
        if FAR in text:
            if FAR not in self._urls:
                self._serve_far()
            text = text.replace(FAR, self._urls[FAR])
            text = text.replace("ORCHESTRATOR_TOKEN=...", f"ORCHESTRATOR_TOKEN={self._environment['BENCH_TOKEN']}")
        text = text.replace("/etc/orchestrator", str(self.folder / "etc"))
        return text.replace("/var/lib/orchestrator", str(self.folder / "var")).replace(SERIAL, self._serial)

    # -- running

    def sh(self, command: str) -> Ended:
        """One command, in a shell that goes on where the last one stood: its folder, variables and aliases."""
        stand_ins.refuse_others(command)
        if SERVES.match(command.lstrip()):
            ended = self._serve(command)
            if TRIED in command and ended.status == 0:
                del self._urls[HERE]
                self._left[-1].send_signal(signal.SIGINT)
            return ended
        if ASKS.match(command) and not NAMED.search(command) and "ORCHESTRATOR_URL" not in self._said():
            command = f"ORCHESTRATOR_URL={HERE} {command}"
        lines = (
            "shopt -s expand_aliases",
            f'[ -f "{self._state}" ] && . "{self._state}"',
            "set -a",
            self.ours(command),
            "status=$?",
            f'{{ export -p | grep -v " status="; alias -p; printf "cd %q\\n" "$PWD"; }} >"{self._state}"',
            "exit $status",
        )
        token = {"ORCHESTRATOR_TOKEN": self._environment["BENCH_TOKEN"]} if FAR in command else {}
        return self._run(["bash", "-c", "\n".join(lines)], endless=bool(ENDLESS.search(command)), **token)

    def _said(self) -> str:
        """Variables and aliases, as the last command left them."""
        return self._state.read_text() if self._state.exists() else ""

    def python(self, *words: str) -> Ended:
        return self._run([sys.executable, *words])

    def _run(self, command: list[str], *, endless: bool = False, **environment: str) -> Ended:
        process = self._start(command, **environment)
        assert process.stdout is not None
        try:
            if endless:
                said = process.stdout.readline()
                os.killpg(process.pid, signal.SIGINT)
                said += process.communicate(timeout=SOON_S)[0]
                return Ended(0 if said.strip() else 1, said)
            said, _ = process.communicate(timeout=SOON_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            return Ended(124, f"{said}\nstopped after {SOON_S:g} s")
        return Ended(process.returncode, said)

    def _start(self, command: list[str], **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    # -- the services

    def _serve(self, command: str, name: str = HERE, **environment: str) -> Ended:
        """Leaves it running, on a port that was free."""
        words = re.sub(r"--http \S+", "", command.split("#")[0].replace("./run ", "")).split()
        process = self._start([*words, "--http", "127.0.0.1:0"], **environment)
        assert process.stdout is not None
        self._left.append(process)
        said = ""
        for line in process.stdout:  # the page's own deadline, pytest's, is enough for one that says nothing
            said += line
            if found := re.search(r"serving at (http\S+?);?\s", line):
                self._urls[name] = found[1].rstrip("/")
                return Ended(0, said)
        return Ended(process.wait(SOON_S), said)

    def _serve_far(self) -> None:
        state = {"XDG_STATE_HOME": str(self.folder / "far" / "state")}
        command = ["orchestrator", "token", "add", "docs", "--scope", "admin", "--json"]
        said, _ = self._start(command, **state).communicate(timeout=SOON_S)
        certificate, key = certificate_in(self.folder)
        self._environment |= {
            "BENCH_TOKEN": json.loads(said)["token"],
            "BENCH_CAFILE": str(certificate),
            "SSL_CERT_FILE": str(certificate),
        }
        words = f"--tls-certificate {certificate} --tls-key {key}"
        ended = self._serve(f"orchestrator serve --config far/rack.yaml {words}", FAR, **state)
        assert ended.status == 0, ended.said

    def close(self) -> Mapping[str, int]:
        """Ends the services; each one's exit status, by its command and what it said last."""
        statuses = {}
        for process in self._left:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=SOON_S)
            statuses[f"{process.args!r}: {said[-2000:]}"] = process.returncode
        return statuses
