"""run_smart_test as the plain function it is: a bench of fifteen lines, no thread, no clock."""

from dataclasses import replace

import pytest

from orchestrator.model import errors
from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.report import SelfTestEntry, SelfTestOutcome, SmartReport
from orchestrator.operations.self_test import run_smart_test

DRIVE = Drive("S1")
IDLE = SmartReport(
    protocol=Protocol.ATA,
    serial="S1",
    health_passed=True,
    self_test_log_seen=True,
    self_test_minutes=(("short", 2), ("extended", 200)),
    exit_status=0,
)
PASSED = SelfTestEntry("short", SelfTestOutcome.PASSED)


def running(percent):
    return replace(IDLE, self_test_running=True, self_test_percent=percent)


def ended(entry=PASSED):
    return replace(IDLE, self_tests=(entry,))


class Script:
    """A bench whose drive gives one report after another; the last one for ever."""

    def __init__(self, *reports):
        self.reports, self.time, self.calls = list(reports), 0.0, []
        self.verdict = None
        self.notes, self.slept, self.percents, self.attempts = [], [], [], []
        self.memo = self.kept_last = None
        self.stop_at = float("inf")

    def read(self, drive, *, quick=False):
        self.calls.append("quick" if quick else "read")
        return self.reports.pop(0) if len(self.reports) > 1 else self.reports[0]

    def start_self_test(self, drive, kind, *, spans=None):
        self.calls.append(f"start {kind}")

    def abort_self_test(self, drive):
        self.calls.append("abort")

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds
        if self.time >= self.stop_at:
            raise errors.JobCancelled("cancelled")

    def clock(self):
        return self.time

    def progress(self, percent, *, remaining_s=None):
        self.percents.append(percent)

    def note(self, text):
        self.notes.append(text)

    def conclude(self, verdict):
        self.verdict = verdict

    def kept(self, kind):
        return self.memo

    def keep(self, memo, *, wait=False):
        self.calls.append("keep")
        self.kept_last = memo

    def new_attempt(self, why):
        self.attempts.append(why)


def test_a_drive_that_runs_a_test_already_is_left_alone():
    bench = Script(running(40))
    with pytest.raises(errors.DriveBusy):
        run_smart_test(DRIVE, bench)
    assert bench.calls == ["read"]


def test_a_test_is_watched_with_quick_reads_and_judged_by_a_whole_one():
    bench = Script(IDLE, running(10), running(60), ended(), ended())
    assert run_smart_test(DRIVE, bench) is True
    assert bench.calls == ["read", "keep", "start short", "quick", "quick", "quick", "read"]
    assert bench.slept == [15.0] * 3 and bench.percents == [0, 10, 60]


def test_the_pace_is_the_callers_if_he_says_so():
    bench = Script(IDLE, running(10), ended(), ended())
    run_smart_test(DRIVE, bench, poll_s=99.0)
    assert bench.slept == [99.0] * 2


def test_an_entry_in_the_log_ends_the_wait_though_the_drive_still_says_running():
    """samsung3 in smartctl(8): "0 % left" while it has finished."""
    lying = replace(ended(), self_test_running=True, self_test_percent=99)
    assert run_smart_test(DRIVE, Script(IDLE, running(50), lying, lying)) is True


def test_a_test_that_never_began_is_stalled_and_not_good():
    with pytest.raises(errors.SelfTestStalled):
        run_smart_test(DRIVE, Script(IDLE, IDLE))


def test_a_test_that_another_host_ended_says_nothing_about_the_drive():
    aborted = SelfTestEntry("short", SelfTestOutcome.ABORTED, "aborted by host")
    with pytest.raises(errors.SelfTestAborted):
        run_smart_test(DRIVE, Script(IDLE, running(10), ended(aborted)))


def test_a_cancelled_test_is_ended_in_the_drive():
    bench = Script(IDLE, running(10))
    bench.stop_at = 30
    with pytest.raises(errors.JobCancelled):
        run_smart_test(DRIVE, bench)
    assert bench.calls[-1] == "abort"


def test_stuck_progress_is_said_once_then_given_up_and_ended_in_the_drive():
    bench = Script(IDLE, running(10))
    with pytest.raises(errors.SelfTestStalled, match="10 %"):
        run_smart_test(DRIVE, bench, kind="extended")
    assert len(bench.notes) == 1 and "no progress" in bench.notes[0]
    assert bench.calls[-1] == "abort"
    assert 200 * 60 < bench.time < 2 * 200 * 60


def test_a_drive_that_tells_no_percent_is_given_five_times_its_estimate():
    bench = Script(IDLE, replace(running(None)))
    with pytest.raises(errors.SelfTestStalled):
        run_smart_test(DRIVE, bench, kind="extended")
    assert bench.time > 5 * 200 * 60


def test_a_drive_that_ends_its_test_when_asked_is_not_asked_before_it_should_be_done():
    shy = replace(IDLE, aborts_on_command=True)
    bench = Script(shy, ended(), ended())
    assert run_smart_test(DRIVE, bench) is True
    assert bench.slept == [pytest.approx(1.1 * 120 + 60)] and bench.notes


def test_a_deadline_is_judged_only_by_a_read_that_began_after_it():
    """At speed 1e6 a day passes while one smartctl runs: a drive that has finished meanwhile is not stalled."""

    class Leaping(Script):
        def read(self, drive, *, quick=False):
            report = super().read(drive, quick=quick)
            self.time += 1e6 if quick else 0
            return report

    bench = Leaping(IDLE, running(10), ended(), ended())
    assert run_smart_test(DRIVE, bench) is True


def begun_before(report):
    """What the job noted in an earlier process."""
    bench = Script(report, running(10), ended(), ended())
    run_smart_test(DRIVE, bench)
    return bench.kept_last


def test_what_finds_the_end_after_a_restart_is_kept_before_the_start():
    bench = Script(IDLE, running(10), ended(), ended())
    run_smart_test(DRIVE, bench)
    assert bench.calls[:3] == ["read", "keep", "start short"]


def test_a_test_that_runs_on_after_a_restart_is_watched_to_its_end_and_not_begun_again():
    bench = Script(running(40), running(60), ended(), ended())
    bench.memo = begun_before(IDLE)
    assert run_smart_test(DRIVE, bench) is True
    assert "start short" not in bench.calls
    assert not bench.attempts


def test_a_test_that_ended_while_nobody_watched_is_judged_by_its_entry():
    bench = Script(ended(replace(PASSED, outcome=SelfTestOutcome.FAILED, lba=77)))
    bench.memo = begun_before(IDLE)
    assert run_smart_test(DRIVE, bench) is False
    assert "start short" not in bench.calls


def test_a_test_that_a_loss_of_power_ended_is_no_answer():
    bench = Script(ended(replace(PASSED, outcome=SelfTestOutcome.ABORTED)))
    bench.memo = begun_before(IDLE)
    with pytest.raises(errors.SelfTestAborted):
        run_smart_test(DRIVE, bench)


def test_a_test_of_which_the_drive_knows_nothing_is_done_once_more():
    bench = Script(IDLE, running(10), ended(), ended())
    bench.memo = begun_before(IDLE)
    assert run_smart_test(DRIVE, bench) is True
    assert "start short" in bench.calls
    assert len(bench.attempts) == 1
