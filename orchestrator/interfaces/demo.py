"""`orchestrator demo`: a simulated rack is tested by the code that tests real ones, and two drives are swapped.

    every slot: an extended self-test ──▶ some drives are sick, drawn from the seed
    one slot:   pulled in mid-test ──▶ its job FAILED (DriveRemoved) ──▶ another drive plugged in ──▶ a job of its own

Nothing shown is written here: verdicts and reasons are what the jobs ended with.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from orchestrator.interfaces import outcome
from orchestrator.interfaces.demo_view import make_view
from orchestrator.interfaces.opening import title
from orchestrator.interfaces.table import print_table
from orchestrator.model.job import AsyncJob
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.rack import Rack
from orchestrator.system import simulated

SICKNESSES = ("self_test_failure", "health_failed", "bad_sector", "hang", "garbage", "wrong_serial", "unreadable")
TOOL_DEADLINE_S = 5.0
"""Host seconds for one smartctl, so that the hanging drive ends in time; a real rack grants it 60."""
LOOK_S = 0.1
PULL_AT_PERCENT = 20
EMPTY_S = 1.0
"""Host seconds from the pull to the next drive."""


def run_demo(*, slots: int, speed: float, seed: int, keep: bool, as_json: bool) -> None:
    """Blocks until every slot has its verdict: under 30 s with the defaults; with `keep` until Ctrl-C."""
    with Rack(*simulated.parts(slots, speed, seed, tool_deadline_s=TOOL_DEADLINE_S)) as rack:
        demo = Demo(rack, seed)
        with make_view(title(rack), quiet=as_json) as view:
            for step in demo.play():
                view.show(demo.rows(), step)
                time.sleep(LOOK_S)
        _report(rack, demo, as_json)
        if keep:
            _wait_for_ctrl_c(quiet=as_json)


class Demo:
    def __init__(self, rack: Rack, seed: int) -> None:
        self._rack = rack
        self.jobs: dict[int, list[int]] = {slot.id: [] for slot in rack.slots()}
        """By slot, in order: one, and two where the drive was swapped."""
        self._pulled, sick = _cast(rack, random.Random(f"{seed}/demo"))
        for slot_id, sickness in sick.items():
            rack.simulation.inject(slot_id, sickness)

    def play(self) -> Iterator[str]:
        """Goes on each time it is asked, and says what has just been done to the rack."""
        for slot_id in self.jobs:
            self._start(slot_id)
        yield f"{len(self.jobs)} extended self-tests started"
        yield from self._until(lambda: (job := self._job(self._pulled)).has_ended or job.progress >= PULL_AT_PERCENT)
        when = "after" if self._job(self._pulled).has_ended else "in the middle of"
        serial = self._rack.simulation.pull(self._pulled)
        yield f"slot {self._pulled}: {serial} was pulled out {when} its test"
        empty_until = time.monotonic() + EMPTY_S
        yield from self._until(lambda: self._slot(self._pulled).state is SlotState.EMPTY)
        yield from self._until(lambda: time.monotonic() >= empty_until)
        serial = self._rack.simulation.insert(self._pulled)
        yield f"slot {self._pulled}: {serial} was plugged in"
        yield from self._until(lambda: self._slot(self._pulled).state is SlotState.READY)
        self._start(self._pulled)
        yield from self._until(lambda: all(self._job(slot_id).has_ended for slot_id in self.jobs))

    def rows(self) -> list[tuple[SlotInfo, AsyncJob]]:
        """Every slot with its newest job."""
        return [(slot, self._job(slot.id)) for slot in self._rack.slots() if self.jobs[slot.id]]

    def as_json(self) -> list[dict[str, Any]]:
        """One object a slot; `earlier` holds the jobs before its newest one, of a drive that has left."""
        found = []
        for slot, job in self.rows():
            earlier = [self._rack.get_job_status(job_id) for job_id in self.jobs[slot.id][:-1]]
            found.append(
                {"slot_id": slot.id, "label": slot.label, **_judged(job), "simulated": True}
                | {"earlier": [_judged(job) for job in earlier]}
            )
        return found

    def table(self) -> list[tuple[str, ...]]:
        """Every job of every slot: slot, drive, verdict, reasons."""
        rows = list[tuple[str, ...]]()
        for slot, _ in self.rows():
            for job in map(self._rack.get_job_status, self.jobs[slot.id]):
                verdict = outcome.verdict_of(job)
                status = verdict.status.value if verdict else job.status.name.lower()
                rows.append((slot.label, outcome.drive_text(job.drive), status, outcome.reasons_text(verdict)))
        return rows

    def _start(self, slot_id: int) -> None:
        self.jobs[slot_id].append(self._rack.run_smart_test(slot_id, slot_id, kind="extended"))

    def _job(self, slot_id: int) -> AsyncJob:
        return self._rack.get_job_status(self.jobs[slot_id][-1])

    def _slot(self, slot_id: int) -> SlotInfo:
        return next(slot for slot in self._rack.slots() if slot.id == slot_id)

    @staticmethod
    def _until(is_so: Callable[[], bool]) -> Iterator[str]:
        while not is_so():
            yield ""


def _cast(rack: Rack, rng: random.Random) -> tuple[int, dict[int, str]]:
    """Who is pulled (the drive with the longest test, so that there is a middle), and who is sick of what."""
    drives = {slot.id: rack.simulation.drive(slot.id) for slot in rack.slots()}
    pulled = max(drives, key=lambda slot_id: drives[slot_id].profile.minutes("extended") or 0)
    others = [slot_id for slot_id in drives if slot_id != pulled]
    chosen = rng.sample(others, min(len(SICKNESSES), len(others) // 2))
    return pulled, dict(zip(chosen, SICKNESSES, strict=False))


def _judged(job: AsyncJob) -> dict[str, Any]:
    verdict = outcome.verdict_json(outcome.verdict_of(job))
    error = job.error.code if job.error else None
    return {
        "drive": outcome.plain(job.drive),
        **verdict,
        "job_id": job.id,
        "status": job.status.value,
        "status_name": job.status.name,
        "error": error,
    }


def _report(rack: Rack, demo: Demo, as_json: bool) -> None:
    if as_json:
        for line in demo.as_json():
            print(json.dumps(line), flush=True)
        return
    print(title(rack))
    rows = demo.table()
    print_table(("slot", "drive", "verdict", "reasons"), rows)
    count = {status: sum(row[2] == status for row in rows) for status in ("pass", "warn", "fail", "unknown")}
    print("SIMULATED: " + ", ".join(f"{number} {status}" for status, number in count.items() if number), flush=True)


def _wait_for_ctrl_c(*, quiet: bool) -> None:
    if not quiet:
        print("SIMULATED: the rack stays as it is; Ctrl-C ends it", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
