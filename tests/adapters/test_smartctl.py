"""smartctl as the way to a drive: one process, the right drive, exit bits kept, and every failure has its name."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.drive import Drive, Presence, Protocol
from orchestrator.model.errors import (
    DriveBusy,
    DriveChanged,
    DriveRemoved,
    JobCancelled,
    OrchestratorError,
    Refused,
    ToolFailed,
    ToolMissing,
    ToolTimeout,
)
from orchestrator.model.report import SelfTestOutcome

# -- a read


def test_a_read_is_one_process_with_json_and_text_and_the_drive_database(ata):
    report = ata.read(quick=False)
    assert ata.calls() == ["--json=o -a -d sat /dev/sda"]
    assert (report.serial, report.health_passed, report.exit_status) == ("SN-ATA", True, 0)
    assert report.self_tests[0].outcome is SelfTestOutcome.PASSED
    assert report.second_opinion == "PASS"


def test_a_quick_read_leaves_the_drive_database_and_the_second_opinion_out(ata):
    report = ata.read()
    assert ata.calls() == ["--json=o -a -B /dev/null -d sat /dev/sda"]
    assert (report.health_passed, report.second_opinion) == (True, "")


def test_without_a_device_type_smartctl_finds_it(ata):
    ata.presence = replace(ata.presence, device_type="")
    ata.read()
    assert ata.calls() == ["--json=o -a -B /dev/null /dev/sda"]


def test_a_background_look_leaves_a_sleeping_drive_asleep(ata):
    def sleep(document):
        for key in list(document):
            if key not in ("json_format_version", "smartctl", "device"):
                del document[key]
        head = document["smartctl"]["output"][:3]
        document["smartctl"]["output"] = [*head, "Device is in STANDBY mode, exit(2)"]

    ata.edit(sleep, status=2)
    report = ata.smartctl().read(ata.presence, quick=True, stop=ata.stop, wake=False)
    assert ata.calls() == ["--json=o -a -B /dev/null -n standby -d sat /dev/sda"]
    assert (report.standby, report.health_passed, report.serial) == (True, None, "")


@pytest.mark.parametrize("bits", [4, 8, 16, 32, 64, 128, 252])
def test_the_upper_exit_bits_are_part_of_the_report(ata, bits):
    ata.edit(lambda document: None, status=bits)
    assert ata.read().exit_status == bits


def test_sudo_never_asks(ata):
    ata.read(sudo=True)
    assert ata.calls() == ["sudo --json=o -a -B /dev/null -d sat /dev/sda"]


def test_a_refusing_sudo_is_said_with_the_remedy(ata):
    (ata.folder / "sudo-refuses").touch()
    with pytest.raises(ToolFailed, match="password is required") as caught:
        ata.read(sudo=True)
    assert "sudoers" in caught.value.remedy


def test_who_answers_and_how_it_was_found(scsi):
    drive, device_type = scsi.smartctl().identify("/dev/sda", stop=scsi.stop)
    assert drive.serial == "SN-SCSI"
    assert drive.protocol is Protocol.SCSI
    assert drive.capacity_bytes == 4_000_787_030_016
    assert device_type == "scsi"
    assert scsi.calls() == ["--json=o -i -B /dev/null /dev/sda"]


def test_a_found_type_that_could_not_be_asked_for_again_is_not_taken(scsi):
    scsi.edit(lambda document: document["device"].update(type="new in 9.9 -X"))
    _, device_type = scsi.smartctl().identify("/dev/sda", "scsi", stop=scsi.stop)
    assert device_type == "scsi"


def test_the_version_is_asked_once(ata):
    smartctl = ata.smartctl()
    assert smartctl.version() == (7, 3)
    assert smartctl.version() == (7, 3)
    assert ata.calls() == ["-V"]
    assert smartctl.describe().startswith("smartctl 7.3 2022-02-28")


# -- the right drive


def test_another_serial_is_another_drive_and_both_are_named(ata):
    ata.presence = replace(ata.presence, drive=Drive("MEANT"))
    with pytest.raises(DriveChanged, match=r"MEANT.*SN-ATA"):
        ata.read()


@pytest.mark.parametrize("change", [{"wwn": "5000c5ffffffffff"}, {"model": "ANOTHER"}])
def test_the_same_serial_with_another_wwn_or_model_is_another_drive(ata, change):
    ata.presence = replace(ata.presence, drive=replace(ata.presence.drive, **change))
    with pytest.raises(DriveChanged, match="SN-ATA"):
        ata.read()


def test_a_wwn_is_compared_with_a_wwn_of_its_kind_only(nvme):
    nvme.edit(lambda document: document["nvme_namespaces"][0].update(eui64={"oui": 1, "ext_id": 2}))
    nvme.presence = replace(nvme.presence, drive=replace(nvme.presence.drive, wwn="0" * 32))
    assert nvme.read().wwn == "0000010000000002"


def test_what_the_presence_does_not_know_is_not_compared(ata):
    ata.presence = replace(ata.presence, drive=Drive(""))
    assert ata.read().serial == "SN-ATA"


def test_a_drive_that_stops_telling_its_serial_is_not_taken_for_itself(ata):
    ata.edit(lambda document: document.pop("serial_number"))
    ata.edit(lambda document: document["smartctl"].pop("output"))
    with pytest.raises(ToolFailed, match="SN-ATA"):
        ata.read()


@pytest.mark.parametrize("document", ["ata-pulled", "no-node"])
def test_a_pulled_drive_and_a_missing_node_are_drive_removed(ata, document):
    ata.answer("read", document, 2)
    with pytest.raises(DriveRemoved, match="SN-ATA"):
        ata.read()


def test_a_model_that_says_no_such_device_removes_nothing(ata):
    ata.edit(lambda document: document.update(model_name="No such device"))
    assert ata.read().model == "No such device"


# -- a tool that fails


def test_a_missing_smartctl_says_how_to_get_it(ata):
    with pytest.raises(ToolMissing, match="no-smartctl cannot be found") as caught:
        ata.read(path="/usr/sbin/no-smartctl")
    assert "apt install smartmontools" in caught.value.remedy


def test_a_smartctl_without_json_is_too_old(ata):
    ata.fault("old")
    with pytest.raises(ToolMissing, match="too old") as caught:
        ata.read()
    assert "7.0" in caught.value.remedy


def test_a_forbidden_node_says_root_or_sudo(ata):
    ata.fault("denied")
    with pytest.raises(ToolFailed, match="Permission denied") as caught:
        ata.read()
    assert "sudo" in caught.value.remedy
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("fault", "status"), [("cut", 0), ("garbage", 0), ("two", 0), ("empty", 0), ("killed", -9), ("flood", None)]
)
def test_an_unreadable_answer_is_no_answer(ata, fault, status):
    ata.fault(fault)
    with pytest.raises(ToolFailed) as caught:
        ata.read()
    assert type(caught.value) is ToolFailed
    assert status is None or caught.value.exit_status == status
    assert len(caught.value.output) <= 600


def test_a_hung_smartctl_is_killed_at_its_deadline(ata):
    ata.fault("hang")
    with pytest.raises(ToolTimeout, match=r"no answer about /dev/sda within 0\.2 s") as caught:
        ata.read(deadline_s=0.2)
    assert "pull it" in caught.value.remedy


def test_twenty_four_hung_at_once_all_end_two_seconds_after_the_deadline(ata):
    ata.fault("hang")
    smartctl = ata.smartctl(deadline_s=0.5)

    def one(_: int) -> type[BaseException] | None:
        try:
            smartctl.read(ata.presence, quick=True, stop=ata.stop)
        except OrchestratorError as error:
            return type(error)
        return None

    began = time.monotonic()
    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(one, range(24))) == {ToolTimeout}
    assert time.monotonic() - began < 2.5


def test_a_slow_smartctl_is_waited_for(ata):
    ata.fault("slow")
    assert ata.read(deadline_s=10).serial == "SN-ATA"


def test_a_grandchild_with_the_pipe_delays_nothing(ata):
    ata.fault("grandchild")
    began = time.monotonic()
    assert ata.read().serial == "SN-ATA"
    assert time.monotonic() - began < 2


def test_a_stopped_job_is_cancelled(ata):
    ata.stop.set()
    with pytest.raises(JobCancelled):
        ata.read()
    assert ata.calls() == []


# -- starting and ending a self-test


@pytest.mark.parametrize(("kind", "option"), [("short", "short"), ("extended", "long"), ("conveyance", "conveyance")])
def test_a_start_is_a_look_and_a_start(ata, kind, option):
    ata.start(kind)
    assert ata.calls() == ["--json=o -a -B /dev/null -d sat /dev/sda", f"--json=o -t {option} -d sat /dev/sda"]


def test_a_scsi_drive_starts_too(scsi):
    scsi.start("extended")
    assert scsi.calls()[1] == "--json=o -t long -d scsi /dev/sda"


def test_nothing_is_started_on_another_drive(ata):
    ata.presence = replace(ata.presence, drive=Drive("MEANT"))
    with pytest.raises(DriveChanged):
        ata.start()
    with pytest.raises(DriveChanged):
        ata.smartctl().abort_self_test(ata.presence, stop=ata.stop)
    assert not [call for call in ata.calls() if " -t " in call or " -X " in call]


def test_a_drive_seen_testing_is_busy_and_not_asked(ata):
    ata.answer("read", "ata-running", 0)
    with pytest.raises(DriveBusy):
        ata.start()
    assert len(ata.calls()) == 1


@pytest.mark.parametrize(("kind", "status"), [("ata", 4), ("scsi", 255)])
def test_smartctls_own_refusal_to_disturb_a_test_is_busy(request, kind, status):
    stand_in = request.getfixturevalue(kind)
    stand_in.answer("started", f"{kind}-busy", status)
    with pytest.raises(DriveBusy, match="without aborting current test"):
        stand_in.start()


@pytest.mark.parametrize("kind", ["scsi", "nvme"])
def test_conveyance_is_refused_where_it_does_not_exist(request, kind):
    stand_in = request.getfixturevalue(kind)
    with pytest.raises(Refused, match="conveyance"):
        stand_in.start("conveyance")
    assert len(stand_in.calls()) == 1


def test_a_kind_that_the_drive_does_not_offer_is_refused(ata):
    def without(document):
        document["ata_smart_data"]["capabilities"]["conveyance_self_test_supported"] = False

    ata.edit(without)
    with pytest.raises(Refused, match="conveyance"):
        ata.start("conveyance")


def said(*lines: str) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        document["smartctl"]["output"] = [*document["smartctl"]["output"][:3], *lines]

    return change


def test_an_unsupported_start_is_refused_with_smartctls_words(scsi):
    scsi.edit(said("Short offline self test failed [unsupported scsi opcode]"), call="started", status=4)
    with pytest.raises(Refused, match="unsupported scsi opcode"):
        scsi.start()


@pytest.mark.parametrize("status", [0, 4])
def test_a_start_that_says_nothing_is_not_a_start(ata, status):
    ata.edit(said("", "SCSI device successfully opened"), call="started", status=status)
    with pytest.raises(ToolFailed, match="started no short self-test") as caught:
        ata.start()
    assert caught.value.exit_status == status


def test_a_drive_pulled_between_the_look_and_the_start_is_removed(ata):
    ata.answer("started", "no-node", 2)
    with pytest.raises(DriveRemoved):
        ata.start()


def test_an_unknown_kind_is_refused(ata):
    with pytest.raises(Refused):
        ata.start("long; rm")
    assert ata.calls() == []


@pytest.mark.parametrize("kind", ["ata", "scsi"])
def test_an_abort_is_a_look_and_an_abort(request, kind):
    stand_in = request.getfixturevalue(kind)
    stand_in.smartctl().abort_self_test(stand_in.presence, stop=stand_in.stop)
    device_type = stand_in.presence.device_type
    assert stand_in.calls() == [
        f"--json=o -i -B /dev/null -d {device_type} /dev/sda",
        f"--json=o -X -d {device_type} /dev/sda",
    ]


def test_an_abort_that_the_drive_refuses_is_said(ata):
    ata.edit(said("Command failed: scsi error aborted command"), call="aborted", status=4)
    with pytest.raises(ToolFailed, match="aborted command") as caught:
        ata.smartctl().abort_self_test(ata.presence, stop=ata.stop)
    assert caught.value.exit_status == 4


# -- nothing that a rack file or a drive says becomes an option


def test_a_hostile_node_or_type_starts_no_process(ata):
    for change in ({"node": "/dev/sda -X"}, {"node": "-X"}, {"device_type": "sat -X"}, {"device_type": "test"}):
        presence = replace(ata.presence, **change)
        with pytest.raises(Refused):
            ata.smartctl().read(presence, quick=True, stop=ata.stop)
    assert ata.calls() == []


def test_what_a_drive_says_of_itself_never_reaches_a_command_line(ata):
    for text in ("$(touch x)", "; -X", "--json", "-t long"):
        ata.edit(lambda document, text=text: document.update(serial_number=text, model_name=text))
        ata.presence = Presence(1, Drive(text, model=text), "/dev/sda", "sat")
        ata.start()
    assert set(ata.calls()) == {"--json=o -a -B /dev/null -d sat /dev/sda", "--json=o -t short -d sat /dev/sda"}
