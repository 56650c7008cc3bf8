"""A rack that is open in the guest, watched from here: its events, and when the kernel announced a drive."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from orchestrator.model.job import AsyncJobStatus
from tests.guest.machine import ANSWER_S, Broken, Machine

Json = dict[str, Any]


class Watched:
    """The program over a rack file, in the guest, from here on until the guest ends."""

    def __init__(self, machine: Machine, rack_file: str) -> None:
        self._machine = machine
        machine.check(f"cat >/run/rack.yaml <<'END'\n{rack_file}END")
        clocks = machine.check("python3 -c 'import time; print(time.time() - time.monotonic())'")
        self._boot = float(clocks)
        machine.check("setsid udevadm monitor --kernel --subsystem-match=block >/run/kernel 2>&1 &")
        machine.check("setsid python3 /lane/watch.py /run/rack.yaml >/run/events 2>/run/complaints &")
        machine.wait("grep ready /run/events || { cat /run/complaints; false; }")

    def jobs(self, serial: str) -> list[Json]:
        """Every job that was ever opened for this drive, as it stands now."""
        records = {event["job"]["id"]: event["job"] for event in self.events() if event.get("job")}
        return [job for _, job in sorted(records.items()) if job["drive"]["serial"] == serial]

    def events(self) -> list[Json]:
        text = self._machine.check("cat /run/events")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def until(self, what: str, done: Callable[[], Any], deadline_s: float = ANSWER_S) -> None:
        """Look again and again; raises Broken with all that happened when it does not come."""
        until = time.monotonic() + deadline_s
        while not done():
            if time.monotonic() > until:
                told = self._machine.check("cat /run/kernel /run/events /run/complaints")
                raise Broken(f"{what}: not within {deadline_s:g} s; all that happened:\n{told}")
            time.sleep(0.2)

    def announced(self, action: str) -> list[float]:
        """When the kernel told of whole drives (add or remove), in the guest's wall time."""
        lines = self._machine.check("cat /run/kernel").splitlines()
        found = [line for line in lines if line.startswith("KERNEL[") and f"] {action} " in line]
        return [self._boot + float(line[len("KERNEL[") : line.index("]")]) for line in found]

    def story(self) -> str:
        """What happened, a line each, in seconds since the guest's boot."""
        kernel = [(moment, f"kernel: {action}") for action in ("add", "remove") for moment in self.announced(action)]
        told = [
            (at(event["time"]), _sentence(event["job"])) for event in self.events() if event.get("kind") == "status"
        ]
        return "\n".join(f"{moment - self._boot:9.3f}  {said}" for moment, said in sorted(kernel + told))


def _sentence(job: Json) -> str:
    status, ending = AsyncJobStatus(job["status"]).name, job["error"]["code"] if job["error"] else ""
    ending = job["verdict"]["status"] if job["verdict"] else ending
    return f"slot {job['slot_id']}: {job['drive']['serial']}: job {job['id']} {job['name']} {status} {ending}".rstrip()


def at(moment: str) -> float:
    """A record's time, as seconds."""
    return datetime.fromisoformat(moment).timestamp()
