"""Each program of examples/ runs as its first lines say, and says what it is there for."""

import ast
import re
from xml.etree import ElementTree

import pytest

from tests.docs.pages import ROOT
from tests.docs.scene import SLOTS

EXAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").rglob("*.py"))
COMMAND = re.compile(r"^(?:python|pytest|pip|orchestrator) .*$", re.MULTILINE)
BAD = 1
"""What a program ends with that found a bad drive."""


def commands_of(example):
    return COMMAND.findall(ast.get_docstring(ast.parse((ROOT / example).read_text())) or "")


@pytest.fixture
def run(scene):
    def run(command, *statuses):
        ended = scene.sh(command)
        assert ended.status in (statuses or (0,)), f"{command}\n{ended.said}"
        assert "Traceback" not in ended.said, ended.said
        return ended.said

    return run


def test_there_are_five_and_each_is_short_and_says_how_it_is_run():
    assert len({example.split("/")[1] for example in EXAMPLES}) == 5
    for example in EXAMPLES:
        text = (ROOT / example).read_text()
        assert len(text.splitlines()) < 60, example
        assert example in text or example.rpartition("/")[0] in text, example


def test_every_drive_tells_the_good_the_bad_and_those_without_an_answer(run):
    here, by_file = commands_of("examples/every_drive.py")
    said = run(here, BAD)
    assert re.search(r"^ +3 .* fail +the newest self-test", said, re.M), said
    assert re.search(r"^ +6 .* no answer +smartctl cannot read", said, re.M), said
    assert said.count(" pass ") == 6 and said.startswith("SIMULATED")
    assert run(by_file).count(" pass ") == SLOTS


def test_live_events_end_with_the_last_job_and_tell_of_the_pulled_drive(run):
    here, far = commands_of("examples/live_events.py")
    said = run(here)
    assert "slot 2: empty" in said and "in slot 2: run_smart_test FAILED" in said, said
    assert said.count("COMPLETED, pass") == 2, said
    assert f"{SLOTS} slots" in run(far)


def test_an_operation_of_ones_own_is_installed_and_used(run):
    install, by_command, by_python = commands_of("examples/own_operation/warm_up.py")
    run(install)
    assert "warm_up: PASS" in run(by_command)
    said = run(by_python)
    assert re.search(r"SIMULATED: \d+ to \d+ °C .*PASS", said), said
    assert "FAIL" in said.splitlines()[1], said


def test_the_suite_finds_the_two_sick_drives_of_eight(run, scene):
    simulated, by_file, as_a_job = commands_of("examples/suite/test_drives.py")
    said = run(simulated, BAD)
    failed = re.findall(r"^FAILED .*::(\w+)\[slot-(\d+)\]", said, re.M)
    well, tests = "test_it_calls_itself_well", "test_its_own_self_test_passes"
    assert sorted(failed) == [(well, "6"), (tests, "3"), (tests, "6")], said
    run(by_file)
    assert ElementTree.parse(scene.folder / "drives.xml").getroot()[0].get("failures") == "0"  # noqa: S314 -- ours
    assert "run_pytest: PASS" in run(as_a_job)


def test_over_http_every_drive_has_its_report(run, scene):
    serve, here, far = commands_of("examples/over_http.py")
    run(serve)
    for command, slots in ((here, 8), (far, SLOTS)):
        said = run(command)
        assert said.count("3 steps: pass") == slots, said
        reports = scene.folder / "reports"
        assert len(list(reports.glob("*.html"))) == len(list(reports.glob("*.xml"))) == slots
        for path in reports.iterdir():
            path.unlink()
