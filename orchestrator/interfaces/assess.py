"""`orchestrator assess`: read kept smartctl outputs and say what they say of the drive. Needs no drive and no rack.

One JSON object a file and line, or at most ten lines a file for a person: verdict, who, reasons, what to do.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TextIO

from orchestrator.adapters.smart_reader import LONGEST_DOCUMENT, read_report
from orchestrator.interfaces.outcome import size_text
from orchestrator.model.judge import judge_report
from orchestrator.model.report import SelfTestOutcome, SmartReport
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

_MOST_REASONS = 5


def assess_files(paths: Sequence[str], *, as_json: bool, stdin: IO[bytes], stdout: TextIO, stderr: TextIO) -> int:
    """Judge each file ("-" is stdin) in order. Returns 0, or 2 when one could not be opened: that one is
    unknown, its remedy goes to stderr, and the others are judged.

    Reads one MiB of each and no more. Blocks as long as reading does.
    """
    status = 0
    for path in paths:
        try:
            report = read_report(_read(path, stdin))
            verdict = judge_report(report)
        except OSError as exc:
            status, report, verdict = 2, SmartReport(complete=False), _unopened(exc)
            stderr.write(f"{_plain(path)}: {verdict.reasons[0].text}; give the path of a file of smartctl's output\n")
        text = json.dumps(summary(path, report, verdict)) if as_json else told(path, report, verdict)
        stdout.write(_writable(text, stdout) + "\n")
    return status


def _unopened(exc: OSError) -> Verdict:
    reason = Reason("not_opened", f"the file cannot be opened: {exc.strerror or exc}")
    return Verdict(VerdictStatus.UNKNOWN, (reason,))


def _writable(text: str, stream: TextIO) -> str:
    """What the stream's encoding cannot carry becomes "?": a drive's name must not end the listing."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding, errors="replace")


def _plain(path: str) -> str:
    """A file's name without what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in path)


def _read(path: str, stdin: IO[bytes]) -> bytes:
    """One byte more than the reader takes, so that it knows of a flood."""
    if path == "-":
        return stdin.read(LONGEST_DOCUMENT + 1)
    with Path(path).open("rb") as file:
        return file.read(LONGEST_DOCUMENT + 1)


def summary(path: str, report: SmartReport, verdict: Verdict) -> dict[str, object]:
    """What `--json` prints of one file. Every key is always there; null where the output does not say."""
    newest = report.running_entry or next(iter(report.self_tests), None)
    passed = {SelfTestOutcome.PASSED: True, SelfTestOutcome.FAILED: False}
    return {
        "file": path,
        "verdict": verdict.status.value,
        "reasons": [
            {
                "rule": reason.rule,
                "text": reason.text,
                "value": reason.value,
                "limit": reason.limit,
                "source": reason.source,
            }
            for reason in verdict.reasons
        ],
        "model": report.model or None,
        "serial": report.serial or None,
        "capacity_bytes": report.capacity_bytes,
        "protocol": None if report.protocol is None else report.protocol.value,
        "self_test_running": report.self_test_running,
        "self_test_progress_percent": report.self_test_percent,
        "last_self_test": None
        if newest is None
        else {
            "type": newest.name or newest.kind,
            "status": newest.text or newest.outcome.value,
            "passed": passed.get(newest.outcome),
            "lba": newest.lba,
        },
        "temperature_celsius": report.temperature_celsius,
        "power_on_hours": report.power_on_hours,
    }


def told(path: str, report: SmartReport, verdict: Verdict) -> str:
    """What a person reads of one file: at most ten lines and a blank one."""
    lines = [f"{verdict.status.value.upper():<8}{_plain(path)}", f"        {_who(report)}"]
    if report.self_test_running:
        percent = "" if report.self_test_percent is None else f", {report.self_test_percent}% done"
        lines.append(f"        a self-test is running{percent}")
    shown = verdict.reasons if len(verdict.reasons) <= _MOST_REASONS else verdict.reasons[: _MOST_REASONS - 1]
    lines += [f"      - {reason.text}" for reason in shown]
    if len(shown) < len(verdict.reasons):
        lines.append(f"      - and {len(verdict.reasons) - len(shown)} more (--json names them all)")
    lines.append(f"        {_what_to_do(report, verdict)}")
    return "\n".join(lines) + "\n"


def _who(report: SmartReport) -> str:
    size = "" if report.capacity_bytes is None else size_text(report.capacity_bytes)
    hours = "" if report.power_on_hours is None else f"{report.power_on_hours} h"
    heat = "" if report.temperature_celsius is None else f"{report.temperature_celsius} C"
    serial = f"serial {report.serial}" if report.serial else ""
    return ", ".join(filter(None, (report.model or "no model named", serial, size, hours, heat)))


_ADVICE = {
    "not_opened": "Give the path of a file that holds smartctl's output.",
    "asleep": "Wake the drive and read it again.",
    "exit_says_unread": "Read it again as root, with the right -d type: smartctl -x DEVICE.",
    "malformed": "Keep one whole output a file: smartctl --json=o -x DEVICE > FILE.",
    "cut": "Read it again and keep the whole output: smartctl -x DEVICE > FILE.",
    "nothing_but_health": "Read it again with all it can tell: smartctl -x DEVICE > FILE.",
    "odd_self_test": "Run a self-test of a standard type: smartctl -t long DEVICE.",
    "older_self_test": "Run a long self-test, then read it again: smartctl -t long DEVICE.",
    "pending_sectors": "Save the data, write the whole drive once, and see whether the count falls to 0.",
}


def _what_to_do(report: SmartReport, verdict: Verdict) -> str:
    if report.self_test_running and verdict.status is not VerdictStatus.FAIL:
        return "Wait for the self-test to end, then read it again."
    if verdict.status is VerdictStatus.PASS:
        return "Nothing to do."
    if verdict.status is VerdictStatus.FAIL:
        return "Save its data and replace it."
    advice = next((_ADVICE[reason.rule] for reason in verdict.reasons if reason.rule in _ADVICE), "")
    if verdict.status is VerdictStatus.UNKNOWN:
        return advice or "Not to be called good: read it again as root, on the drive itself and not on a RAID volume."
    return advice or "Usable; read it again in a week and compare: growth means replacement."
