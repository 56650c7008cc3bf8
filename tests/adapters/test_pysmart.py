"""pySMART 1.4 is used without its traps: each one that we know of has a test here or in test_smartctl.py.

The traps were measured on pySMART 1.4.3; a new release has to pass these before it is allowed in.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pySMART
import pytest

from orchestrator.adapters import pysmart
from orchestrator.model.drive import Protocol
from orchestrator.model.errors import DriveBusy, DriveRemoved, ToolTimeout
from orchestrator.model.report import SelfTestOutcome
from orchestrator.model.self_test import new_entry

STAND_INS = Path(__file__).parent / "stand_ins"
DRIVES = Path(__file__).parents[2].parent / "shared" / "drives"
OPINIONS = {"PASS", "WARN", "FAIL", ""}


def lines(document: str) -> list[str]:
    output: list[str] = json.loads((STAND_INS / f"{document}.json").read_text())["smartctl"]["output"]
    return output


def assess(text: list[str], kind: str = "ata") -> str:
    return pysmart.assess(text, "/dev/sda", Protocol(kind), f"SN-{kind.upper()}")


@pytest.mark.parametrize("kind", ["ata", "nvme", "scsi"])
def test_a_sound_drive_of_each_kind_is_a_pass(kind):
    assert assess(lines(f"{kind}-read"), kind) == "PASS"


# -- what it says, and what it leaves out


def edit_text(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        output = document["smartctl"]["output"]
        assert any(old in line for line in output)
        document["smartctl"]["output"] = [line.replace(old, new) for line in output]

    return change


def test_bad_health_is_a_fail(ata):
    ata.edit(edit_text("self-assessment test result: PASSED", "self-assessment test result: FAILED!"))
    assert ata.read(quick=False).second_opinion == "FAIL"


def test_an_attribute_at_its_threshold_is_its_fail_beside_the_drives_own_pass(ata):
    """It also calls an old-age attribute a failure: the judge weighs, here both are kept."""
    ata.edit(
        edit_text("031   045   000    Old_age   Always       -", "031   045   000    Old_age   Always   FAILING_NOW")
    )
    report = ata.read(quick=False)
    assert (report.health_passed, report.second_opinion) == (True, "FAIL")


def test_its_pass_ignores_a_failed_self_test_which_the_report_has(ata):
    def fail(document: dict[str, Any]) -> None:
        edit_text("Completed without error", "Completed: read failure")(document)
        entry = document["ata_smart_self_test_log"]["standard"]["table"][0]
        entry["status"] = {"value": 0x70, "string": "Completed: read failure", "passed": False}

    ata.edit(fail, status=128)
    report = ata.read(quick=False)
    assert report.second_opinion == "PASS"
    assert report.self_tests[0].outcome is SelfTestOutcome.FAILED


def test_the_exit_bits_that_it_drops_are_kept(ata):
    ata.edit(lambda document: None, status=7)
    report = ata.read(quick=False)
    assert (report.exit_status, report.second_opinion) == (7, "PASS")


def test_json_for_text_is_no_opinion():
    assert assess((STAND_INS / "ata-read.json").read_text().splitlines()) == ""


def test_another_drives_text_is_no_opinion():
    assert pysmart.assess(lines("ata-read"), "/dev/sda", Protocol.ATA, "OTHER") == ""


def test_a_serial_with_a_blank_is_known_by_its_first_word():
    text = [line.replace("SN-ATA", "SN ATA 1") for line in lines("ata-read")]
    assert pysmart.assess(text, "/dev/sda", Protocol.ATA, "SN ATA 1") == "PASS"


# -- a vanished drive keeps its PASS, and messages are never cleared


def test_a_vanished_drive_is_removed_where_a_device_would_keep_its_pass(ata):
    run = pysmart._one_run(lines("ata-read"), None)
    device = pySMART.Device("/dev/sda", interface="sat", smartctl=run)
    run._lines = lines("ata-pulled")
    device.update()
    assert (device.assessment, device.serial) == ("PASS", "SN-ATA")  # the trap
    assert assess(lines("ata-pulled")) == ""
    ata.answer("read", "ata-pulled", 2)
    with pytest.raises(DriveRemoved):
        ata.read(quick=False)


def test_each_call_has_a_device_of_its_own(ata, monkeypatch):
    made = []

    class Device(pySMART.Device):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(list(self.messages))

    monkeypatch.setattr(pySMART, "Device", Device)
    ata.edit(
        edit_text("031   045   000    Old_age   Always       -", "031   045   000    Old_age   Always   FAILING_NOW")
    )
    for _ in range(3):
        ata.read(quick=False)
    assert len(made) == 3
    assert {len(messages) for messages in made} == {1}


# -- processes


@pytest.mark.parametrize("kind", ["ata", "nvme", "scsi"])
def test_a_read_with_its_opinion_is_one_process(request, kind):
    """By itself it starts one for NVMe, two for ATA, four for SAS."""
    stand_in = request.getfixturevalue(kind)
    assert stand_in.read(quick=False).second_opinion == "PASS"
    assert len([call for call in stand_in.calls() if not call.startswith("nvme ")]) == 1


def test_it_never_runs_a_smartctl_that_it_found_by_itself(ata, monkeypatch):
    monkeypatch.setattr("pySMART.smartctl.Popen", None)  # would raise TypeError
    ata.start()
    assert ata.read(quick=False).second_opinion == "PASS"
    ata.smartctl().abort_self_test(ata.presence, stop=ata.stop)


def test_its_shared_object_is_left_alone(ata):
    ata.read(quick=False)
    ata.start()
    assert pySMART.SMARTCTL.options == []


def test_a_question_that_our_run_does_not_answer_is_noticed_though_it_swallows_the_error():
    run = pysmart._one_run(lines("ata-read"), None)
    assert run.try_generic_call(["--scan-open"]) == ([], 1)
    assert run.failed


def test_a_hang_in_its_start_ends_at_our_deadline(ata):
    smartctl = ata.smartctl(deadline_s=0.2)
    ata.edit(lambda document: None)
    (ata.folder / "started.json").unlink()
    os.mkfifo(ata.folder / "started.json")  # the stand-in waits for a writer
    with pytest.raises(ToolTimeout):
        smartctl.start_self_test(ata.presence, "short", stop=ata.stop)


# -- starting and ending


def test_a_start_goes_through_its_device_once():
    sent = []

    def command(options: tuple[str, ...]) -> tuple[list[str], int]:
        sent.append(options)
        return lines("ata-started"), 0

    pysmart.start_self_test(lines("ata-read"), "/dev/sda", Protocol.ATA, "extended", command)
    pysmart.abort_self_test(lines("ata-read"), "/dev/sda", Protocol.ATA, command)
    assert sent == [("-t", "long"), ("-X",)]


@pytest.mark.parametrize("document", ["ata-running", "ata-pulled", "no-node"])
def test_where_it_will_not_or_cannot_start_the_drive_decides(document):
    """It raises on text it does not expect, and believes every "in progress" that it reads."""
    sent = []

    def command(options: tuple[str, ...]) -> tuple[list[str], int]:
        sent.append(options)
        return [], 4

    pysmart.start_self_test(lines(document), "/dev/sda", Protocol.ATA, "short", command)
    pysmart.start_self_test([], "/dev/sda", Protocol.ATA, "short", command)
    pysmart.abort_self_test([], "/dev/sda", Protocol.ATA, command)
    assert sent == [("-t", "short"), ("-t", "short"), ("-X",)]


def test_our_errors_pass_through_it():
    def command(options: tuple[str, ...]) -> tuple[list[str], int]:
        raise DriveBusy("busy")

    with pytest.raises(DriveBusy):
        pysmart.start_self_test(lines("ata-read"), "/dev/sda", Protocol.ATA, "short", command)
    with pytest.raises(DriveBusy):
        pysmart.abort_self_test(lines("ata-read"), "/dev/sda", Protocol.ATA, command)


def test_two_short_tests_within_one_hour_are_told_apart(ata):
    before = ata.read()

    def again(document: dict[str, Any]) -> None:
        table = document["ata_smart_self_test_log"]["standard"]["table"]
        table.insert(0, dict(table[0]))

    ata.edit(again)
    after = ata.read()
    assert after.self_tests[0].power_on_hours == after.self_tests[1].power_on_hours
    assert new_entry(before, after, "short", ran=False) == after.self_tests[0]
    assert new_entry(before, before, "short", ran=False) is None


# -- odd text


@pytest.mark.parametrize("kind", ["ata", "nvme", "scsi"])
def test_text_that_breaks_off_anywhere_raises_nothing(kind):
    whole = lines(f"{kind}-read")
    found = {assess(whole[:end], kind) for end in range(len(whole))}
    found |= {assess([*whole[:end], whole[end][:9]], kind) for end in range(0, len(whole), 3)}
    assert found <= OPINIONS
    assert "" in found


@pytest.mark.parametrize("text", [[], [""], ["\x00" * 9], ["Serial Number:"] * 9, ["ID# ATTRIBUTE_NAME", "1 2 3"] * 9])
def test_odd_text_raises_nothing(text):
    assert assess(text) == ""


@pytest.mark.skipif(not DRIVES.exists(), reason="../shared/drives is not there")
def test_every_recorded_text_gives_an_opinion_or_none():
    kinds = {"nvme": Protocol.NVME, "scsi": Protocol.SCSI, "sas": Protocol.SCSI}
    found = []
    for recording in sorted(DRIVES.glob("*.txt")):
        text = recording.read_text(errors="replace").splitlines()
        serial = next((line.split(":", 1)[1].strip() for line in text if line.lower().startswith("serial number")), "")
        protocol = kinds.get(recording.name.partition("_")[0].partition("-")[0], Protocol.ATA)
        found.append(pysmart.assess(text, "/dev/sda", protocol, serial))
    assert set(found) <= OPINIONS
    assert found.count("PASS") > len(found) / 4


# -- the process it lives in


def test_importing_it_leaves_the_process_as_it_was():
    script = (
        "import logging, os\n"
        "before = logging.getLoggerClass()\n"
        "from orchestrator.adapters import pysmart, smartctl\n"
        "import sys; assert 'pySMART' not in sys.modules\n"
        "from orchestrator.model.drive import Protocol\n"
        "pysmart.assess([], '/dev/sda', Protocol.ATA, '')\n"
        "assert 'pySMART' in sys.modules\n"
        "assert logging.getLoggerClass() is before, logging.getLoggerClass()\n"
        "assert os.environ.get('LANG') == WANTED, os.environ.get('LANG')\n"
    )
    for wanted in ("de_DE.UTF-8", None):
        env = {key: value for key, value in os.environ.items() if key != "LANG"}
        env |= {"LANG": wanted} if wanted else {}
        argv = [sys.executable, "-c", script.replace("WANTED", repr(wanted))]
        done = subprocess.run(argv, check=False, env=env, cwd=STAND_INS.parents[2], timeout=60, capture_output=True)
        assert done.returncode == 0, done.stderr


def test_it_installs_no_log_handler(scsi):
    """logging.error on the root logger would: it calls it when its own further process fails."""
    before = list(logging.getLogger().handlers)
    scsi.edit(edit_text("Accumulated power on time", "Accumulated something else"))
    assert scsi.read(quick=False).second_opinion == "PASS"
    assert logging.getLogger().handlers == before


def test_many_threads_do_not_disturb_each_other():
    failing = [line.replace("test result: PASSED", "test result: FAILED!") for line in lines("ata-read")]
    texts = [lines("ata-read"), failing] * 48
    with ThreadPoolExecutor(24) as pool:
        assert list(pool.map(assess, texts)) == ["PASS", "FAIL"] * 48
