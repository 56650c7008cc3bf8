"""What one look at a drive costs in CPU: ours against the bare process (notes of speed.md, row 19).

    python benchmarks/smart_poll.py [--kind ata|scsi|nvme] [--polls 100] [--rounds 5]

The process is a shell that prints a whole smartctl document of a simulated drive; it stands in for `smartctl -B
/dev/null`, which takes about as long (1.7 ms of CPU against 1.5). The floor starts it, reads its output and reaps it.
Prints one JSON line; milliseconds of CPU of this process and its children for each poll, median over the rounds.
Goals: ratio at most 1.3, own at most 0.4 ms, one process a poll, 24 slots every 5 s at most 1.5 % of a core.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.smartctl import Smartctl
from orchestrator.model.drive import Presence, Protocol
from orchestrator.model.ports import Event, Finished
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import load_profiles
from orchestrator.simulated.smartctl import StandInSmartctl

_TYPES = {Protocol.ATA: "sat", Protocol.SCSI: "scsi", Protocol.NVME: "nvme"}


class Counted:
    """Child processes, counted."""

    def __init__(self) -> None:
        self._processes, self.started = ChildProcesses(), 0

    def run(self, argv: tuple[str, ...], *, deadline_s: float, stop: Event) -> Finished:
        self.started += 1
        return self._processes.run(argv, deadline_s=deadline_s, stop=stop)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=[kind.value for kind in Protocol], default="ata")
    parser.add_argument("--polls", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), Protocol(options.kind), options.polls, options.rounds)))


def measure(folder: Path, kind: Protocol, polls: int, rounds: int) -> dict[str, object]:
    profile = next(profile for profile in load_profiles() if profile.protocol is kind)
    model = DriveModel(profile, "SN1234", time.monotonic)
    argv = ("--json=o", "-a", "-B", "/dev/null", "/dev/sim")
    _, document = StandInSmartctl(lambda _: model).run(argv)
    program = folder / "smartctl"
    program.write_text(f"#!/bin/sh\nexec cat {folder}/document\n")
    program.chmod(0o755)
    (folder / "document").write_bytes(document)

    processes, stop = Counted(), threading.Event()
    access = Smartctl(processes, str(program))
    presence = Presence(1, model.identity(), "/dev/sda", _TYPES[kind])
    floors, ours, owns = [], [], []
    for _ in range(rounds + 1):  # the first one warms up
        floors.append(cpu_ms(lambda: bare(str(program)), polls)[0])
        both, own = cpu_ms(lambda: access.read(presence, quick=True, stop=stop), polls)
        ours.append(both)
        owns.append(own)
    floors, ours, owns = floors[1:], ours[1:], owns[1:]
    ratios = [our / floor for our, floor in zip(ours, floors, strict=True)]
    return {
        "metric": "smart_poll",
        "kind": kind.value,
        "document_bytes": len(document),
        "floor_ms": round(statistics.median(floors), 3),
        "ours_ms": round(statistics.median(ours), 3),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_min_max": [round(min(ratios), 2), round(max(ratios), 2)],
        "own_ms": round(statistics.median(owns), 3),
        "processes_per_poll": processes.started / (polls * (rounds + 1)),
        "core_percent_24_slots_every_5_s": round(statistics.median(ours) * 24 / 5 / 10, 2),
    }


def cpu_ms(call: Callable[[], object], times: int) -> tuple[float, float]:
    """CPU of this process and its children for each call, and of this process alone."""

    def children() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    own, others = time.process_time(), children()
    for _ in range(times):
        call()
    own_ms = (time.process_time() - own) / times * 1000
    return own_ms + (children() - others) / times * 1000, own_ms


def bare(program: str) -> bytes:
    """The cheapest way to a process's output in Python."""
    ours, theirs = os.pipe()
    pid = os.posix_spawn(program, (program,), os.environ, file_actions=((os.POSIX_SPAWN_DUP2, theirs, 1),))
    os.close(theirs)
    output = b""
    while part := os.read(ours, 1 << 16):
        output += part
    os.close(ours)
    os.waitpid(pid, 0)
    return output


if __name__ == "__main__":
    main()
