"""Tests every drive of a rack, all at once, and prints a table; exit status 1 if one is not good.

python examples/every_drive.py                         # a simulated rack, with two sick drives
python examples/every_drive.py config/rack.yaml
"""

import sys

from orchestrator import AsyncJob, Rack, VerdictStatus

GOOD = (VerdictStatus.PASS, VerdictStatus.WARN)


def open_rack(arguments: list[str]) -> Rack:
    if arguments:
        return Rack.from_config(arguments[0], plans=False)
    rack = Rack.simulated(slots=8, speed=10_000)
    rack.simulation.inject(3, "self_test_failure")
    rack.simulation.inject(6, "unreadable")
    return rack


def told(job: AsyncJob) -> tuple[str, str]:
    """What came of it, and why."""
    if job.verdict is None:  # no answer: pulled, hangs, refused; says nothing about its health
        return "no answer", job.error.text if job.error else ""
    return job.verdict.status.value, "; ".join(reason.text for reason in job.verdict.reasons)


def main(arguments: list[str]) -> int:
    with open_rack(arguments) as rack:
        if rack.is_simulated:
            print("SIMULATED: no drive here is real")
        slots = [slot for slot in rack.slots() if slot.drive]
        job_ids = [rack.run_smart_test(client_ref=slot.id, slot_id=slot.id) for slot in slots]
        jobs = rack.wait(job_ids)  # each slot goes at its own speed
    for slot, job in zip(slots, jobs, strict=True):
        outcome, why = told(job)
        print(f"{slot.label:>6}  {job.drive.serial if job.drive else '':<22} {outcome:<10} {why}")
    return 0 if all(job.verdict and job.verdict.status in GOOD for job in jobs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
