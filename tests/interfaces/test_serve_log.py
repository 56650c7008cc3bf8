"""The log of `serve`: one line for one thing, as text or JSON, whatever drives say, and nobody waits for it."""

import contextlib
import io
import json
import logging
import re
import threading

import pytest

from orchestrator.interfaces.logs import MOST_LINES, LineView, Log
from orchestrator.rack import Rack
from tests.browser.hostile import STRINGS

HOSTILE = (
    *STRINGS,
    "a\r\nb\n\n2026-01-01 00:00:00 slot 1: ready",
    "\x9b31m\x85",
    "\u2028\u2029",
    "\udc80",
    "\x7f",
    "é",
)


@contextlib.contextmanager
def kept_from_the_report():
    """What is half a character cannot travel from pytest-xdist's workers to its report."""
    root = logging.getLogger()
    captors = [handler for handler in root.handlers if "Capture" in type(handler).__name__]
    for handler in captors:
        root.removeHandler(handler)
    yield
    for handler in captors:
        root.addHandler(handler)


@pytest.fixture
def stream():
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


def lines_of(stream):
    stream.flush()
    return stream.buffer.getvalue().decode("ascii").splitlines()


@pytest.mark.parametrize("as_json", [False, True])
def test_no_string_breaks_a_line_or_reaches_the_terminal(stream, as_json):
    with kept_from_the_report(), Log(lambda: stream, as_json=as_json):
        for text in HOSTILE:
            logging.getLogger("orchestrator").info("slot %s", text, extra={"serial": text})
    lines = lines_of(stream)
    assert len(lines) == len(HOSTILE) > 200
    assert all(re.fullmatch("[ -~]+", line) for line in lines)
    if as_json:
        assert [json.loads(line)["serial"] for line in lines] == list(HOSTILE)


def test_a_traceback_stands_indented_below_its_line_or_inside_its_object(stream):
    def fall():
        try:
            raise ValueError("a\n2026-01-01 00:00:00 slot 1: ready\x1b[2J")
        except ValueError:
            logging.getLogger("somebody.else").exception("it fell")

    with Log(lambda: stream):
        fall()
    first, *rest = lines_of(stream)
    assert first.endswith(" ERROR it fell") and all(line.startswith("    ") for line in rest)
    assert "\x1b" not in "".join(rest)
    stream.buffer.truncate(0)
    stream.buffer.seek(0)
    with Log(lambda: stream, as_json=True):
        fall()
    (line,) = lines_of(stream)
    assert json.loads(line)["traceback"].startswith("Traceback")


def test_who_logs_never_waits_and_lost_lines_are_counted(stream):
    gate = threading.Event()

    class Stuck(io.StringIO):
        def write(self, text):
            gate.wait(20)
            return super().write(text)

    stuck = Stuck()
    with Log(lambda: stuck):
        for n in range(MOST_LINES + 100):
            logging.getLogger("orchestrator").info("%d", n)
        gate.set()
    lost = re.findall(r"(\d+) lines of this log were lost", stuck.getvalue())
    assert sum(map(int, lost)) + len(stuck.getvalue().splitlines()) - len(lost) == MOST_LINES + 100


def test_an_event_has_its_job_its_slot_and_its_drive(stream):
    log, rack = Log(lambda: stream, as_json=True), Rack.simulated(slots=2, speed=100_000.0)
    with log, rack, LineView(rack, log):
        serial = rack.slots()[1].drive.serial
        job_id = rack.run_smart_test(1, 2)
        assert rack.run_smart_test_result(job_id, 20)
        label = rack.slots()[1].label
    told = [json.loads(line) for line in lines_of(stream)]
    last = [line for line in told if line.get("job") == job_id][-1]
    assert {name: last[name] for name in ("slot", "label", "operation", "status", "verdict", "serial", "level")} == {
        "slot": 2, "label": label, "operation": "run_smart_test", "status": "COMPLETED", "verdict": "pass",
        "serial": serial, "level": "info",
    }  # fmt: skip
    assert last["message"] == f"slot {label}: job {job_id} run_smart_test: COMPLETED pass"
    assert last["time"].endswith("+00:00")


def test_after_it_the_logging_is_as_before(stream):
    before = logging.getLogger("orchestrator").level, list(logging.getLogger().handlers)
    with Log(lambda: stream):
        assert logging.getLogger("orchestrator").level == logging.INFO
    assert (logging.getLogger("orchestrator").level, list(logging.getLogger().handlers)) == before
