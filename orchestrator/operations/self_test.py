"""The drive's own self-test: started, watched until its log has the entry, judged. Adopts nothing it did not start.

Begun is durable ──▶ start ──▶ watch ──▶ judge        after a restart: Begun is there ──▶ watch ──▶ judge
"""

from typing import Annotated, Any

from orchestrator.model.budget import Load
from orchestrator.model.drive import Drive
from orchestrator.model.errors import DriveBusy, Interrupted, JobCancelled, SelfTestStalled, SlotCrashed
from orchestrator.model.report import SmartReport
from orchestrator.model.self_test import (
    Begun,
    Patience,
    SelfTestKind,
    check_spans,
    judge_self_test,
    new_entry,
    patience,
)
from orchestrator.model.verdict import VerdictStatus
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Between, operation


def _check(*, kind: str, spans: str | None, **_: Any) -> None:
    check_spans(kind, spans)


def _sends(*, kind: str, spans: str | None, **_: Any) -> tuple[str, ...]:
    started = spans if kind == "selective" else "long" if kind == "extended" else kind
    words = {"selective": f"select,{started}"}.get(kind, str(started))
    return ("smartctl -a", f"smartctl -t {words}", "smartctl -a, until the drive's log has the entry")


def _estimate(
    _: Drive, report: SmartReport | None, *, kind: SelfTestKind, spans: str | None, poll_s: float | None
) -> float | None:
    return patience(report, kind, poll_s, spans).estimate_s if report is not None else None


@operation(resumable=True, load=Load.SELF_TEST, check=_check, sends=_sends, estimate=_estimate)
def run_smart_test(
    drive: Drive,
    bench: Bench,
    *,
    kind: SelfTestKind = "short",
    spans: str | None = None,
    poll_s: Annotated[float | None, Between(1, 86400)] = None,
) -> bool:
    """Run the drive's own self-test; True if the drive passed it, False if it failed. Minutes to days.

    Args:
        kind: short takes minutes, extended hours to days; conveyance (ATA) looks for damage by transport;
            selective (ATA) reads the spans alone.
        spans: of a selective test: up to five ranges of LBAs, both ends included, such as 0-999999,5000000-5999999;
            or next: the range that follows the last one's first, of its size, from the start again after the end.
        poll_s: rack seconds between two looks at the progress; None = 1 % of the drive's estimate, 15 to 300.
    Raises:
        DriveRemoved, DriveChanged: the drive left its slot, or another serial answers in its place.
        DriveBusy: it runs a self-test that is not ours.
        Refused: it takes no self-test of this kind.
        SelfTestAborted: a host or a reset ended the test.
        SelfTestStalled: no progress, not done in five times its own estimate, or no entry in its log.
    Source: smartctl(8), option -t; polling as sg_turs and smartd do, see model/self_test.py.
    """
    now, begun = bench.read(drive), bench.kept(Begun)
    if begun is not None and (now.self_test_running or new_entry(begun.before, now, kind, ran=False)):
        before = begun.before
    else:
        before = now
        if before.self_test_running:
            raise DriveBusy("the drive already runs a self-test that this job did not start", serial=drive.serial)
        if begun is not None:
            bench.new_attempt("the drive knows nothing of the self-test that was begun before a restart")
        bench.keep(Begun.of(before), wait=True)
        bench.start_self_test(drive, kind, spans=spans)
    patient = patience(before, kind, poll_s, spans)
    try:
        ran = _watch(drive, bench, kind, before, patient)
    except (JobCancelled, SlotCrashed, Interrupted, SelfTestStalled):
        bench.abort_self_test(drive)
        raise
    after = bench.read(drive)  # health is read after the entry, and with smartctl's drive database
    verdict = judge_self_test(new_entry(before, after, kind, ran=ran), after)
    bench.conclude(verdict)
    return verdict.status is not VerdictStatus.FAIL


def _watch(drive: Drive, bench: Bench, kind: SelfTestKind, before: SmartReport, patient: Patience) -> bool:
    """Wait until the test has ended; whether it was seen running."""
    began = moved = bench.clock()
    percent, ran, said = -1, False, False
    pause = patient.poll_s
    if before.aborts_on_command:  # looking would end it (smartctl(8), off-line data collection capabilities)
        bench.note("the drive ends its test when it is asked; it is left alone until it should be done")
        pause = 1.1 * patient.estimate_s + 60
    else:
        bench.progress(0, remaining_s=patient.estimate_s)
    while True:
        bench.sleep(pause)
        looked = bench.clock()  # a deadline is judged only by a read that began after it
        report = bench.read(drive, quick=True)
        ran = ran or report.self_test_running
        if not report.self_test_running or new_entry(before, report, kind, ran=ran):
            return ran
        now = -1 if report.self_test_percent is None else report.self_test_percent
        if now != percent:
            percent, moved, said = now, looked, False
            left = patient.estimate_s * (100 - percent) / 100
            bench.progress(max(percent, 0), remaining_s=left)
        still = looked - moved
        if looked - began > patient.deadline_s or (percent >= 0 and still > patient.stalled_s):
            raise SelfTestStalled(
                f"the {kind} self-test stands at {max(percent, 0)} % since {still / 60:.0f} min, and was to take "
                f"{patient.estimate_s / 60:.0f} min in all",
                serial=drive.serial,
            )
        if still > patient.restless_s and not said:
            bench.note(f"no progress since {still / 60:.0f} min")
            said = True
        pause = patient.poll_s
