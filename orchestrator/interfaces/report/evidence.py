"""What a run's pass rests on, and what it says nothing about: both read off the record, so that nobody has to guess.

An operation counts where it ran to its end and concluded something; what broke off, was skipped, or was never asked
for is listed as not checked.
"""

from collections.abc import Iterator

from orchestrator.interfaces.report.record import Conclusion, Measured, Run, walk
from orchestrator.interfaces.web import wording
from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.recipe import StepOutcome
from orchestrator.model.scan import ScanResult
from orchestrator.model.suite import CaseOutcome

_SELF_TEST, _READS_HEALTH = "run_smart_test", ("run_smart_test", "read_health", "read_scan")
_JUDGED = (Conclusion.PASS, Conclusion.WARN, Conclusion.FAIL)
_NO_ANSWER = (Conclusion.NO_ANSWER, Conclusion.CANCELLED)
_SPOKEN = {
    Protocol.ATA: ("attribute_5_raw", "attribute_197_raw", "attribute_198_raw", "attribute_199_raw"),
    Protocol.NVME: ("media_errors", "available_spare", "percentage_used"),
    Protocol.SCSI: ("grown_defects", "uncorrected_errors"),
}
"""The counters that speak of a drive's end, by what drives of the protocol usually tell."""
MOST_NAMED = 12
"""Jobs or steps in one sentence."""
Sentences = tuple[str, ...]


def what_was_checked(run: Run, drive: Drive | None) -> tuple[Sentences, Sentences]:
    """Two lists of sentences: what was checked, and what was not."""
    runs = list(walk(run))
    done = [one for one in runs if one.conclusion not in _NO_ANSWER]
    by_job: dict[str, list[str]] = {}
    for one in done:
        for text in _checked(one, drive):
            by_job.setdefault(text, []).append(str(one.job_id))
    held: dict[str, list[str]] = {}
    for one in done:
        for where, text in _held(one):
            held.setdefault(text, []).append(where)
    checked = [f"{text} (job{'s' if len(ids) > 1 else ''} {_listed(ids, ', ')})" for text, ids in by_job.items()]
    checked += [f"limits of {_listed(wheres, '; ')}: {text}" for text, wheres in held.items()]
    missed = [text for one in runs for text in _missed(one)]
    missed += _never(done, drive)
    return tuple(checked), tuple(dict.fromkeys(missed))


def _listed(names: list[str], between: str) -> str:
    more = len(names) - MOST_NAMED
    return between.join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _checked(run: Run, drive: Drive | None) -> Iterator[str]:
    judged = run.conclusion in _JUDGED
    if run.scan is not None:
        count = len(run.scan.bad_lbas)
        places = "1 place" if count == 1 else f"{count or 'no'} places"
        yield f"surface: {_part(run.scan, drive)}, {places} of 4 KiB unreadable: {run.conclusion}"
    elif judged and run.operation == _SELF_TEST:
        kind = (run.options or {}).get("kind", "")
        yield f"{kind} self-test of the drive, by the new entry of its own log: {run.conclusion}".lstrip()
    elif judged and not run.steps and not run.cases:
        yield f"{wording.words(run.operation)}: {run.conclusion}"
    if judged and run.operation in _READS_HEALTH:
        yield "what the drive says of its own health, and the counters that judge it"
    for case in run.cases:
        if case.outcome in (CaseOutcome.PASSED, CaseOutcome.FAILED):
            yield f"test {case.name}: {case.outcome}"
    both = [one for one in run.counters if one.change is not None]
    if both:
        moved = sum(one.change != 0 for one in both)
        yield f"{len(both)} counters before and after: {moved or 'none'} changed"


def _held(run: Run) -> Iterator[tuple[str, str]]:
    """Where, and what was held against limits there."""
    found = [(f"step {number}, {step.step}", step.measurements) for number, step in enumerate(run.steps, 1)]
    found += [(f"test {case.name}", case.measurements) for case in run.cases]
    for where, measurements in found:
        limited = [one for one in measurements if one.within is not None]
        if limited:
            names = (one.name if one.within else f"{said(one)} OUTSIDE ({limits(one)})" for one in limited)
            yield where, ", ".join(names)


def _missed(run: Run) -> Iterator[str]:
    if run.conclusion in _NO_ANSWER:
        why = f": {run.error.text}" if run.error is not None else ""
        yield f"{wording.words(run.operation)} (job {run.job_id}): {run.conclusion}{why}"
    elif run.conclusion is Conclusion.UNKNOWN and not run.steps and not run.cases:
        yield f"{wording.words(run.operation)} (job {run.job_id}): its evidence does not suffice"
    if run.scan is not None and run.scan.gave_up:
        yield f"surface: the scan gave up at LBA {run.scan.end_lba} (job {run.job_id})"
    for number, step in enumerate(run.steps, 1):
        if step.outcome is StepOutcome.SKIPPED:
            why = "; ".join(reason.text for reason in step.reasons)
            yield f"step {number}, {step.step}: skipped: {why}"
        for name in step.not_checked:
            yield f"step {number}, {step.step}: the drive does not tell {name}, which has a limit"
    for case in run.cases:
        if case.outcome not in (CaseOutcome.PASSED, CaseOutcome.FAILED):
            yield f"test {case.name}: {case.outcome}{f': {case.text}' if case.text else ''}"


def _never(done: list[Run], drive: Drive | None) -> Iterator[str]:
    """What no part of the run looked at."""
    ran_code = any(run.cases for run in done)
    judged = [run for run in done if run.conclusion in _JUDGED]
    tests = [run for run in judged if run.operation == _SELF_TEST]
    if not any(run.operation in _READS_HEALTH for run in judged):
        yield "what the drive says of its own health: nothing of this run judged it"
    if not any((run.options or {}).get("kind") == "extended" for run in tests):
        yield "the drive's extended self-test: none ended in this run"
    yield from _unread([run.scan for run in done if run.scan is not None], drive)
    yield "writing: the orchestrator wrote nothing to the drive" + (
        "; what the suite's own code did is not known here" if ran_code else ""
    )
    reads = [run for run in done if run.reads]
    if not reads:
        yield "the drive's counters before and after: no report of the drive is kept"
        return
    told = {one.name for run in done for one in run.counters}
    wanted = _SPOKEN.get(drive.protocol, ()) if drive is not None and drive.protocol is not None else ()
    if silent := [wording.counter(name) for name in (*wanted, "temperature_celsius") if name not in told]:
        yield f"counters that the drive does not tell: {', '.join(silent)}"


def _unread(scans: list[ScanResult], drive: Drive | None) -> Iterator[str]:
    if not scans:
        yield "surface: no read scan ended in this run"
        return
    if drive is None or drive.capacity_bytes is None:
        yield "surface: how much of it was read is not known, as the drive does not tell its capacity"
        return
    whole, read, reached = drive.capacity_bytes, 0, 0
    for begin, end in sorted((scan.start_lba * scan.sector_bytes, scan.end_lba * scan.sector_bytes) for scan in scans):
        read += max(0, end - max(begin, reached))
        reached = max(reached, end)
    if read < whole:
        yield f"surface: {_percent(whole - read, whole)} of it was not read by a scan"


def _part(scan: ScanResult, drive: Drive | None) -> str:
    sectors = scan.end_lba - scan.start_lba
    where = f"LBA {scan.start_lba} to {scan.end_lba - 1}" if sectors else "nothing"
    if drive is None or not drive.capacity_bytes:
        return f"{where} was read"
    return f"{_percent(sectors * scan.sector_bytes, drive.capacity_bytes)} of it was read ({where})"


def _percent(part: int, whole: int) -> str:
    """Never 100 % or 0 % by rounding."""
    if part >= whole:
        return "100 %"
    share = 100 * part / whole
    if share < 0.1:
        return "less than 0.1 %" if part else "0 %"
    return f"{min(share, 99.9):.1f} %"


def said(one: Measured) -> str:
    """ "mean_mb_per_s 214.5 MB/s"."""
    return f"{one.name} {number(one.value)}{f' {one.unit}' if one.unit else ''}"


def number(value: float | None) -> str:
    """To ten places, the same everywhere; "no number" for NaN and the infinities."""
    return "no number" if value is None else f"{value:.10g}"


def limits(one: Measured) -> str:
    """ "at least 450, at most 600"; "" without limits."""
    parts = (("at least", one.at_least), ("at most", one.at_most))
    return ", ".join(f"{words} {number(limit)}" for words, limit in parts if limit is not None)
