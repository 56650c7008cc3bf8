"""NVMe self-tests where smartctl is too old for them: through nvme-cli, or not at all, and never silently."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.nvme_cli import NvmeCli, controller_node
from orchestrator.model.errors import (
    DriveBusy,
    DriveChanged,
    DriveRemoved,
    Refused,
    ToolFailed,
    ToolMissing,
)
from orchestrator.model.report import SelfTestOutcome

LOOK = "--json=o -a -B /dev/null -d nvme /dev/nvme0"


@pytest.mark.parametrize(("kind", "code"), [("short", "1"), ("extended", "2")])
def test_smartctl_7_3_starts_through_nvme_cli(nvme, kind, code):
    nvme.start(kind)
    assert nvme.calls() == [LOOK, f"nvme device-self-test /dev/nvme0 -n 0xffffffff -s {code}"]


def test_smartctl_7_3_alone_starts_nothing_and_says_both_remedies(nvme):
    with pytest.raises(ToolMissing, match=r"smartctl 7\.3 starts no self-tests on NVMe") as caught:
        nvme.start(nvme_path="/usr/sbin/no-nvme")
    assert "nvme-cli" in caught.value.remedy
    assert "smartmontools 7.4" in caught.value.remedy
    assert nvme.calls() == [LOOK]


def test_smartctl_7_4_starts_by_itself(nvme):
    nvme.edit(lambda document: document["smartctl"].update(version=[7, 4]))
    nvme.answer("started", "scsi-started", 0)
    nvme.start()
    assert nvme.calls() == [LOOK, "--json=o -t short -d nvme /dev/nvme0"]


def test_an_exit_status_of_0_without_a_word_is_no_start(nvme):
    """smartctl 7.3 does that on NVMe; so could a 7.4 that reads a drive without self-tests."""
    nvme.edit(lambda document: document["smartctl"].update(version=[7, 4]))
    nvme.answer("started", "scsi-aborted", 0)
    with pytest.raises(ToolFailed, match="started no short self-test"):
        nvme.start()
    nvme.edit(lambda document: document["smartctl"].update(version=[7, 3]))
    nvme.nvme_fault("silent")
    with pytest.raises(ToolFailed, match="started nothing"):
        nvme.start()


@pytest.mark.parametrize(("fault", "error"), [("busy", DriveBusy), ("unable", Refused), ("gone", DriveRemoved)])
def test_what_nvme_cli_says_has_its_name(nvme, fault, error):
    nvme.nvme_fault(fault)
    with pytest.raises(error):
        nvme.start()


def test_nothing_is_started_on_another_drive(nvme):
    nvme.presence = replace(nvme.presence, drive=replace(nvme.presence.drive, serial="MEANT"))
    with pytest.raises(DriveChanged):
        nvme.start()
    with pytest.raises(DriveChanged):
        nvme.smartctl().abort_self_test(nvme.presence, stop=nvme.stop)
    assert not [call for call in nvme.calls() if call.startswith("nvme")]


def test_an_abort_goes_through_nvme_cli_too(nvme):
    nvme.smartctl().abort_self_test(nvme.presence, stop=nvme.stop)
    assert nvme.calls()[-1] == "nvme device-self-test /dev/nvme0 -n 0xffffffff -s 0xf"


def test_a_read_has_the_log_and_the_progress_of_nvme_cli(nvme):
    report = nvme.read()
    assert nvme.calls() == [LOOK, "nvme self-test-log /dev/nvme0 -o json"]
    assert (report.self_test_running, report.self_test_percent, report.self_test_log_seen) == (True, 26, True)
    failed, aborted = report.self_tests
    assert (failed.kind, failed.outcome, failed.lba) == ("extended", SelfTestOutcome.FAILED, 781403716)
    assert (aborted.kind, aborted.outcome, aborted.lba) == ("short", SelfTestOutcome.ABORTED, None)
    assert aborted.power_on_hours == 999


def test_a_percentage_without_an_operation_is_ignored(nvme):
    path = nvme.folder / "nvme-log.json"
    path.write_text(path.read_text().replace('Operation":1', 'Operation":0'))
    report = nvme.read()
    assert (report.self_test_running, report.self_test_percent) == (False, None)


@pytest.mark.parametrize("fault", ["unable", "garbage"])
def test_a_drive_without_the_log_is_read_without_it(nvme, fault):
    nvme.nvme_fault(fault)
    report = nvme.read()
    assert (report.serial, report.health_passed, report.self_tests) == ("SN-NVME", True, ())


def test_without_nvme_cli_health_is_read_all_the_same(nvme):
    report = nvme.read(nvme_path="/usr/sbin/no-nvme")
    assert (report.health_passed, report.self_tests) == (True, ())


def test_a_drive_pulled_between_the_two_reads_is_removed(nvme):
    nvme.nvme_fault("gone")
    with pytest.raises(DriveRemoved):
        nvme.read()


def test_nvme_cli_is_installed_or_not(nvme):
    assert NvmeCli(nvme.processes, "nvme").installed(stop=nvme.stop)
    assert not NvmeCli(nvme.processes, "no-nvme-here").installed(stop=nvme.stop)


def test_a_namespace_is_followed_to_its_controller_by_sysfs(tmp_path):
    """With multipath the numbers differ: nvme0n1 may belong to nvme1."""
    _namespace(tmp_path, "nvme0n1", owner="nvme1")
    assert controller_node("/dev/nvme0n1", sys=tmp_path) == "/dev/nvme1"
    assert controller_node("/dev/nvme7", sys=tmp_path) == "/dev/nvme7"


def test_a_namespace_of_a_multipath_subsystem_has_no_single_controller(tmp_path):
    _namespace(tmp_path, "nvme0n1", owner="nvme-subsys0")
    for node in ("/dev/nvme0n1", "/dev/nvme5n1"):
        with pytest.raises(Refused, match="no single controller"):
            controller_node(node, sys=tmp_path)


def _namespace(sys: Path, name: str, *, owner: str) -> None:
    controller = sys / "devices" / owner
    (controller / name).mkdir(parents=True)
    (controller / name / "device").symlink_to(controller)
    (sys / "class/block").mkdir(parents=True)
    (sys / "class/block" / name).symlink_to(controller / name)
