"""A session's results into the rack's history: a job `record_tests` a slot, all slots at once."""

import time
from collections.abc import Iterator, Mapping

from orchestrator.interfaces.pytest_plugin.cases import Seen
from orchestrator.interfaces.pytest_plugin.racks import UsedRack
from orchestrator.model import plain
from orchestrator.model.errors import JobNotFinished, OrchestratorError
from orchestrator.model.suite import CaseResult

RECORD_S = 75.0
"""Host seconds for all of them: a drive that hangs is given up after 60."""
MOST_BYTES = 48_000
"""Of one job's results as they are sent: a service takes requests of 64 KiB."""
Results = Mapping[int, tuple[Seen, tuple[CaseResult, ...]]]


def record(rack: UsedRack, client_ref: int, results: Results) -> list[str]:
    """Which slots were not recorded, and why. Blocks for RECORD_S at most, while the rack answers."""
    jobs: list[tuple[str, int]] = []
    told: list[str] = []
    for slot_id, (seen, cases) in results.items():
        where = f"slot {seen.place}, {seen.serial}"
        try:
            for part in parts(cases):
                job_id = rack.start("record_tests", client_ref, slot_id, serial=seen.serial, results=part)
                jobs.append((where, job_id))
        except OrchestratorError as exc:
            told.append(f"{where}: {exc}")
    until = time.monotonic() + RECORD_S
    for where, job_id in jobs:
        try:
            (job,) = rack.wait([job_id], max(0.0, until - time.monotonic()))
            told += [f"{where}: {job.error.text}"] if job.error else []
        except JobNotFinished:
            told.append(f"{where}: job {job_id} did not end within {RECORD_S:g} s")
        except OrchestratorError as exc:
            told.append(f"{where}: {exc}")
    return told


def parts(cases: tuple[CaseResult, ...], most: int = MOST_BYTES) -> Iterator[str]:
    """The cases as JSON, in as few texts as requests take."""
    part: list[CaseResult] = []
    size = 0
    for case in cases:
        length = len(plain.dumps(plain.dumps(case)).encode())  # a text within a text, as it is sent
        if part and size + length > most:
            yield plain.dumps(tuple(part))
            part, size = [], 0
        part.append(case)
        size += length
    if part:
        yield plain.dumps(tuple(part))
