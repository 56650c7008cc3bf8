"""A stand-in smartctl and nvme: real processes that answer from files, and misbehave when told to."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.smartctl import Smartctl
from orchestrator.model.drive import Drive, Presence, Protocol
from orchestrator.model.report import SmartReport

STAND_INS = Path(__file__).parent / "stand_ins"


class StandIn:
    """One drive behind the stand-in executables. Their folder decides what they say next."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.kind = folder, kind
        for source in STAND_INS.glob(f"{kind}-*.json"):
            shutil.copy(source, folder / source.name.removeprefix(f"{kind}-"))
        shutil.copy(STAND_INS / "nvme-log.json", folder)
        self.stop = threading.Event()
        device_type = {"ata": "sat"}.get(kind, kind)
        node = "/dev/nvme0" if kind == "nvme" else "/dev/sda"
        self.presence = Presence(1, Drive(f"SN-{kind.upper()}", protocol=Protocol(kind)), node, device_type)

    @property
    def processes(self) -> ChildProcesses:
        return ChildProcesses(env={"STAND_IN": str(self.folder), "PATH": f"{STAND_INS}:{os.environ['PATH']}"})

    def smartctl(self, **options: Any) -> Smartctl:
        options = {"path": str(STAND_INS / "smartctl"), "nvme_path": str(STAND_INS / "nvme")} | options
        return Smartctl(self.processes, **options)

    def read(self, *, quick: bool = True, **options: Any) -> SmartReport:
        return self.smartctl(**options).read(self.presence, quick=quick, stop=self.stop)

    def start(self, kind: str = "short", **options: Any) -> None:
        self.smartctl(**options).start_self_test(self.presence, kind, stop=self.stop)

    def fault(self, name: str) -> None:
        (self.folder / "fault").write_text(f"{name}\n")

    def nvme_fault(self, name: str) -> None:
        (self.folder / "nvme-fault").write_text(f"{name}\n")

    def answer(self, call: str, document: str, status: int) -> None:
        """From now on `call` ("read", "started", "aborted") is answered with a document of the folder stand_ins."""
        shutil.copy(STAND_INS / f"{document}.json", self.folder / f"{call}.json")
        (self.folder / f"{call}.status").write_text(f"{status}\n")

    def edit(self, change: Callable[[dict[str, Any]], object], *, call: str = "read", status: int = 0) -> None:
        """Change the JSON document that `call` is answered with."""
        path = self.folder / f"{call}.json"
        document = json.loads(path.read_text())
        change(document)
        document["smartctl"]["exit_status"] = status
        path.write_text(json.dumps(document))
        (self.folder / f"{call}.status").write_text(f"{status}\n")

    def calls(self) -> list[str]:
        """The arguments of each process, in order."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def ata(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path, "ata")


@pytest.fixture
def scsi(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path, "scsi")


@pytest.fixture
def nvme(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path, "nvme")
