"""Lives of the whole program, one after another, each a process that is killed: its rack, and clients who say what
they were told.

    python lives.py        a line of JSON for each life; the answer is its exit status, -9 where it was killed

Everything is imported once, and each life is forked off from that. What was said is in a file, a line each, written by
one write(2): it outlives the process, and nothing that was not said is in it.
"""

import importlib
import json
import os
import random
import select
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.model.clock import RackClock
from orchestrator.model.errors import JobNotFinished, NoAnswer, Refused
from orchestrator.operations.declare import collect
from orchestrator.rack import Rack
from orchestrator.settings.rack_file import load_rack_file
from orchestrator.system import real
from tests.crash.drives import HANGS, KINDS, SPEED
from tests.crash.points import SAID, die, install

LATE = ("orchestrator.adapters.store.sqlite", "pySMART")
"""What the program imports only when it needs it."""
PATIENCE_S = 30
"""Host seconds in which a life that is not killed has done everything."""


def main() -> None:
    collect()
    for name in LATE:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        print(lead(asked["life"], asked["seconds"], asked["from_first"]), flush=True)


def lead(life: dict[str, str], seconds: float, from_first: bool) -> int:
    """One life: so long from its first step, or from its first acknowledged job. How it ended."""
    said, theirs = os.pipe()
    if (pid := os.fork()) == 0:
        status = 1
        try:
            live(**life, bell=theirs)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(theirs)
    watch = os.pidfd_open(pid)
    if from_first:
        select.select([said], [], [], PATIENCE_S)  # also readable when it has ended
    if not select.select([watch], [], [], seconds)[0]:
        os.kill(pid, signal.SIGKILL)  # not reaped yet: the number is still its own
    _, ended = os.waitpid(pid, 0)
    os.close(watch)
    os.close(said)
    return os.waitstatus_to_exitcode(ended)


class Client:
    """Starts jobs, waits for them, and says what it was told."""

    def __init__(self, rack: Rack, facts: int, bell: int, point: str = "") -> None:
        self.rack, self._facts, self._bell, self._point = rack, facts, bell, point

    def say(self, what: str, *facts: Any) -> None:
        os.write(self._facts, f"{json.dumps([what, *facts])}\n".encode())
        os.write(self._bell, b".")
        if SAID.get(self._point) == what:
            die()

    def start(self, name: str, slot_id: int) -> int:
        client_ref = random.getrandbits(32)
        job_id = self.rack.start(name, client_ref, slot_id)
        self.say("accepted", job_id, name, slot_id, client_ref, KINDS[slot_id], f"SN{slot_id}")
        return job_id

    def await_result(self, job_id: int) -> None:
        """By asking again and again: a waiter is rung late, who looks by himself may see an end early."""
        while True:
            with suppress(JobNotFinished):
                self.rack.wait([job_id], 0.005)
                break
        self.say("told", job_id, *self.outcome(job_id))

    def outcome(self, job_id: int) -> tuple[Any, ...]:
        """All that can be known of an ended job, as plain values."""
        job = self.rack.get_job_status(job_id)
        answer, error = None, None
        try:
            answer = self.rack.result(job.name, job_id, 0)
        except (NoAnswer, Refused) as exc:
            error = [exc.code, str(exc)]
        return job.status.name, repr(answer), error, repr(job.verdict), str(job.started), str(job.ended), job.attempt

    def be_busy(self, slot_id: int, seed: str) -> None:
        """For ever: some jobs at a time, some of them cancelled."""
        dice = random.Random(seed)
        while True:
            names = ["read_health" if slot_id == HANGS or dice.random() < 0.6 else "run_smart_test" for _ in range(3)]
            found = [self.start(name, slot_id) for name in names[: dice.randint(1, 3)]]
            for job_id in found:
                if dice.random() < (0.6 if slot_id == HANGS else 0.2):
                    self.rack.cancel_job(job_id)
            for job_id in found:
                self.await_result(job_id)

    def put_in_order(self) -> None:
        """What was open has ended, new jobs are done, and every job that there is tells its end."""
        self.rack.wait([job.id for job in self.rack.open_jobs()], PATIENCE_S)
        for job_id in [self.start("read_health", slot_id) for slot_id in KINDS]:
            self.await_result(job_id)
        for job in self.rack.get_jobs_list():
            assert job.drive is not None
            who = job.drive
            self.say("is", job.id, job.name, job.slot_id, job.client_ref, who.protocol, who.serial)
            self.say("told", job.id, *self.outcome(job.id))


def live(role: str, rack_file: str, facts: str, *, bell: int, seed: str = "", point: str = "") -> None:
    """Of role "busy" until it is killed; "one": one self-test; "last": see `put_in_order`."""
    random.seed()
    install(point)
    file = Path(rack_file)
    parts = real.parts(load_rack_file(file), file)
    with Rack(replace(parts, clock=RackClock(parts.ports, SPEED))) as rack:
        said = os.open(facts, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
        client = Client(rack, said, bell, point)
        match role:
            case "busy":
                for slot_id in KINDS:
                    work = threading.Thread(target=busy, args=(client, slot_id, f"{seed}/{slot_id}"))
                    work.start()
                work.join()
            case "one":
                client.await_result(client.start("run_smart_test", 1))
            case "last":
                client.say("up", os.getpid())
                client.put_in_order()


def busy(client: Client, slot_id: int, seed: str) -> None:
    """A client that is surprised ends the whole life, which is then no life that was killed."""
    try:
        client.be_busy(slot_id, seed)
    except BaseException:
        traceback.print_exc()
        os._exit(2)


if __name__ == "__main__":
    main()
