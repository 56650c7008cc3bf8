"""The whole program on a rack file, as a process of its own; told by lines on stdin what to show or to suffer.

python rack_child.py RACK.yaml RUN        RUN stands for /run
slots       a JSON line: what is in each slot
overflow    the next look at udev's monitor finds that events were lost (ENOBUFS), as a full socket does
reasons     a JSON line: why a slot cannot be used
jobs        a JSON line: every job's record
run NAME SLOT     a JSON line: the answer, or the error's code
"""

import errno
import json
import sys
from pathlib import Path
from typing import Any

from orchestrator.adapters import udev
from orchestrator.interfaces.outcome import job_json
from orchestrator.model.errors import OrchestratorError
from orchestrator.rack import Rack
from orchestrator.settings.rack_file import load_rack_file
from orchestrator.system import real


class Overflowing:
    """A monitor that can lose events on demand."""

    demanded = False
    lost = 0
    newest: Any = None

    def __init__(self, monitor: Any) -> None:
        self._monitor = Overflowing.newest = monitor

    def fileno(self) -> int:
        return int(self._monitor.fileno())

    def poll(self, timeout: float) -> Any:
        try:
            if Overflowing.demanded:
                Overflowing.demanded = False
                raise OSError(errno.ENOBUFS, "No buffer space available")
            return self._monitor.poll(timeout)
        except OSError:
            Overflowing.lost += 1
            raise


def slots(rack: Rack) -> dict[int, str]:
    return {slot.id: slot.drive.serial if slot.drive and slot.state in ("ready", "busy") else slot.state
            for slot in rack.slots()}  # fmt: skip


def main(file: Path, run: Path) -> None:
    opened = udev.open_monitor
    udev.open_monitor = lambda *arguments: Overflowing(opened(*arguments))
    with Rack(real.parts(load_rack_file(file), file, run=run)) as rack:
        print(json.dumps(slots(rack)), flush=True)
        for line in sys.stdin:
            match line.split():
                case ["slots"]:
                    answer: Any = slots(rack)
                case ["overflow"]:
                    Overflowing.demanded = answer = True
                case ["narrow"]:
                    answer = Overflowing.newest.set_receive_buffer_size(4096)
                case ["lost"]:
                    answer = Overflowing.lost
                case ["run", name, slot_id]:
                    try:
                        answer = str(rack.result(name, rack.start(name, 1, int(slot_id)), timeout=30))
                    except OrchestratorError as error:
                        answer = error.code
                case ["jobs"]:
                    answer = [job_json(job) for job in rack.get_jobs_list()]
                case ["reasons"]:
                    answer = {slot.id: slot.reason for slot in rack.slots()}
                case _:
                    answer = None
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
