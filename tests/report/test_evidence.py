"""What was checked and what was not: from the record alone, and never more than it proves."""

from dataclasses import replace

import pytest

from orchestrator.interfaces.report.evidence import limits, number, said, what_was_checked
from orchestrator.interfaces.report.record import Case, Conclusion, Counter, Measured, Read, Run, Step
from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.job import JobError, OpenedBy
from orchestrator.model.recipe import StepOutcome
from orchestrator.model.scan import ScanResult
from orchestrator.model.suite import CaseOutcome
from orchestrator.model.verdict import Reason
from tests.adapters.store.days import MORNING

DRIVE = Drive("SN1", "", "Model", 512 * 1_000_000, Protocol.ATA)


def run(operation="run_smart_test", conclusion=Conclusion.PASS, **more):
    plain = Run(
        job_id=1, operation=operation, options={}, opened_by=OpenedBy.API, client_ref=1, accepted=MORNING,
        started=MORNING, ended=MORNING, attempt=1, attempts=(), pauses=(), conclusion=conclusion, reasons=(),
        error=None, answer=None, measurements=(), steps=(), cases=(), scan=None, reads=(), counters=(),
        not_kept=(), children=(),
    )  # fmt: skip
    return replace(plain, **more)


def scan(start, end, **more):
    found = ScanResult(start, end, 512, end - start, (), (), (), (), 1.0)
    return run("read_scan", job_id=start + 1, scan=replace(found, **more))


def measured(name="mean_mb_per_s", value=500.0, *, within=None, at_least=None, at_most=None):
    return Measured(name, value, "MB/s", at_least, at_most, within)


def checked(found, drive=DRIVE):
    return "\n".join(what_was_checked(found, drive)[0])


def missed(found, drive=DRIVE):
    return "\n".join(what_was_checked(found, drive)[1])


def test_a_self_test_that_ended_counts_by_its_kind():
    found = run(options={"kind": "extended"})
    assert "extended self-test of the drive, by the new entry of its own log: pass (job 1)" in checked(found)
    assert "extended self-test" not in missed(found)
    assert "extended self-test: none ended" in missed(run(options={"kind": "short"}))


def test_one_that_broke_off_is_no_evidence():
    found = run(
        conclusion=Conclusion.NO_ANSWER, options={"kind": "extended"}, error=JobError("drive_removed", "it is gone", "")
    )
    assert checked(found) == ""
    for words in ("SMART test (job 1): no answer: it is gone", "extended self-test: none", "own health: nothing"):
        assert words in missed(found)


def test_what_does_not_suffice_as_evidence_is_not_checked():
    for operation in ("read_health", "run_pytest", "spin"):
        found = run(operation, Conclusion.UNKNOWN)
        assert "its evidence does not suffice" in missed(found) and checked(found) == ""
        assert "own health: nothing of this run judged it" in missed(found)


def test_a_scan_of_unknown_health_still_read_the_surface():
    found = replace(scan(0, 1_000_000), conclusion=Conclusion.UNKNOWN)
    assert "100 % of it was read" in checked(found) and "own health" not in checked(found)
    assert "own health: nothing" in missed(found) and "surface" not in missed(found)


def test_a_part_of_the_surface_is_told_as_a_part():
    found = scan(0, 250_000)
    assert "surface: 25.0 % of it was read (LBA 0 to 249999), no places of 4 KiB unreadable: pass" in checked(found)
    assert "surface: 75.0 % of it was not read by a scan" in missed(found)


def test_parts_that_overlap_count_once():
    whole = run("run_recipe", children=(scan(0, 600_000), scan(500_000, 900_000), scan(100_000, 200_000)))
    assert "surface: 10.0 % of it was not read" in missed(whole)


def test_parts_that_make_the_whole_leave_nothing():
    whole = run("run_recipe", children=(scan(0, 500_000), scan(500_000, 1_000_000)))
    assert "surface" not in missed(whole)


def test_nothing_is_rounded_up_to_the_whole():
    assert "99.9 % of it was read" in checked(scan(0, 999_999))
    assert "less than 0.1 % of it was not read" in missed(scan(0, 999_999))


def test_without_a_capacity_nobody_knows_how_much_was_read():
    unknown = replace(DRIVE, capacity_bytes=None)
    assert "LBA 0 to 9 was read" in checked(scan(0, 10), unknown)
    assert "how much of it was read is not known" in missed(scan(0, 10), unknown)


def test_a_scan_that_gave_up_says_where():
    assert "gave up at LBA 10" in missed(scan(0, 10, gave_up=True))


def test_bad_places_are_counted():
    assert "1 place of 4 KiB unreadable" in checked(scan(0, 10, bad_lbas=(8,)))
    assert "2 places of 4 KiB unreadable" in checked(scan(0, 100, bad_lbas=(8, 16)))


def test_nothing_was_ever_written_unless_a_suite_did_what_nobody_knows():
    assert "wrote nothing to the drive" in missed(run()) and "suite" not in missed(run())
    case = Case("a.py::t", CaseOutcome.PASSED, 1.0, "", (), ())
    assert "what the suite's own code did is not known here" in missed(run("run_pytest", cases=(case,)))


def test_limits_that_held_and_that_did_not_are_told_apart():
    step = Step(
        "read_scan", StepOutcome.FAIL, 2, 1.0, (),
        (measured(within=False, at_least=600), measured("latency", within=True, at_most=3), measured("free")), ("rpm",),
    )  # fmt: skip
    found = run("run_recipe", Conclusion.FAIL, steps=(step,))
    text = "limits of step 1, read_scan: mean_mb_per_s 500 MB/s OUTSIDE (at least 600), latency"
    assert text in checked(found)
    assert "step 1, read_scan: the drive does not tell rpm, which has a limit" in missed(found)


def test_a_skipped_step_says_why():
    step = Step("read_scan", StepOutcome.SKIPPED, None, 0.0, (Reason("skipped", "it speaks ata"),), (), ())
    assert "step 1, read_scan: skipped: it speaks ata" in missed(run("run_recipe", steps=(step,)))


@pytest.mark.parametrize("outcome", list(CaseOutcome))
def test_a_test_counts_where_it_passed_or_failed(outcome):
    found = run("run_pytest", cases=(Case("a.py::t", outcome, 1.0, "why", (), ()),))
    counts = outcome in (CaseOutcome.PASSED, CaseOutcome.FAILED)
    assert (f"test a.py::t: {outcome}" in checked(found)) is counts
    assert (f"test a.py::t: {outcome}: why" in missed(found)) is not counts


def test_counters_that_the_drive_does_not_tell_are_named():
    read = Read("after", MORNING, None)
    found = run(reads=(read,), counters=(Counter("attribute_5_raw", 0, 3, 3), Counter("attribute_9_raw", 1, 1, 0)))
    assert "2 counters before and after: 1 changed (job 1)" in checked(found)
    text = "counters that the drive does not tell: Pending sectors (197), Offline uncorrectable (198), CRC errors (199)"
    assert text in missed(found) and "Reallocated sectors" not in missed(found)


@pytest.mark.parametrize(
    ("protocol", "words"), [(Protocol.NVME, "Media errors"), (Protocol.SCSI, "Grown defects"), (None, "Temperature")]
)
def test_each_protocol_has_its_own_counters(protocol, words):
    found = missed(run(reads=(Read("after", MORNING, 30),)), replace(DRIVE, protocol=protocol))
    assert words in found and "Pending sectors" not in found


def test_the_same_check_by_several_jobs_is_one_line():
    whole = run("run_recipe", job_id=9, children=(run("read_health"), run("read_health", job_id=2)))
    assert "what the drive says of its own health, and the counters that judge it (jobs 1, 2)" in checked(whole)


def test_an_operation_of_a_users_own_counts_once_it_judged():
    assert "Spin: pass (job 1)" in checked(run("spin"))
    assert checked(run("spin", Conclusion.DONE)) == ""


def test_numbers_are_written_the_same_everywhere():
    assert [number(value) for value in (1, 1.0, 0.1, 1e15, None)] == ["1", "1", "0.1", "1e+15", "no number"]
    assert said(measured()) == "mean_mb_per_s 500 MB/s"
    assert limits(measured(at_least=1, at_most=2)) == "at least 1, at most 2" and limits(measured()) == ""


def test_of_a_thousand_steps_some_are_named_and_all_are_counted():
    steps = tuple(
        Step("read_health", StepOutcome.PASS, n, 1.0, (), (measured(within=True, at_most=600),), ())
        for n in range(1000)
    )
    children = tuple(run("read_health", job_id=n) for n in range(1000))
    text = checked(run("run_recipe", job_id=9999, steps=steps, children=children))
    assert "Read health: pass (jobs 0, 1," in text and "and 988 more)" in text and len(text) < 1500
    assert "limits of step 1, read_health; step 2, read_health;" in text and "and 988 more: mean_mb_per_s" in text
