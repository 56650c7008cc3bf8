"""The doctor: each thing that is missing has its remedy, and only what stops the work makes it fail."""

import json
import os
from pathlib import Path

import pytest

from orchestrator.adapters.nvme_cli import NvmeCli
from orchestrator.interfaces import doctor
from orchestrator.interfaces.doctor import State
from orchestrator.settings import parts
from orchestrator.settings.rack_file import MatchSettings, RackSettings, SlotSettings


def tool(folder: Path, name: str, prints: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def examine(tmp_path):
    """What is found on a host with these tools and rights, by name."""

    def examine(smartctl="", capabilities=0, udevd=False, rmem_max=1 << 27, **rack):
        host = tmp_path / "host"
        (host / "proc/self").mkdir(parents=True, exist_ok=True)
        (host / "proc/self/status").write_text(f"Name:\tx\nCapEff:\t{capabilities:016x}\n")
        (host / "run/udev").mkdir(parents=True, exist_ok=True)
        (host / "proc/sys/net/core").mkdir(parents=True, exist_ok=True)
        (host / "proc/sys/net/core/rmem_max").write_text(f"{rmem_max}\n")
        if udevd:
            (host / "run/udev/control").touch()
        path = str(tool(tmp_path, "smartctl", smartctl)) if smartctl else "/no/such/smartctl"
        described = RackSettings(smartctl=parts.SmartctlSettings(path=path), **rack)
        return {
            one.name: one for one in doctor.examine(described, run=host / "run", proc=host / "proc", sys=host / "sys")
        }

    return examine


@pytest.fixture
def no_nvme_cli(monkeypatch):
    monkeypatch.setattr(NvmeCli, "installed", lambda *_, **__: False)


def test_a_host_with_everything_has_nothing_to_mend(examine):
    found = examine("smartctl 7.4 2023-08-01 r5530", (1 << 17) | (1 << 21), udevd=True)
    assert {one.state for one in found.values()} == {State.OK}
    assert "smartctl 7.4" in found["smartctl"].found


def test_without_smartctl_nothing_can_be_done(examine):
    missing = examine()["smartctl"]
    assert missing.state is State.MISSING
    assert "install smartmontools" in missing.remedy


@pytest.mark.parametrize("says", ["smartctl 6.6 2017-11-05 r4594", "some other tool"])
def test_a_smartctl_that_knows_no_json_does_not_do(examine, says):
    assert examine(says)["smartctl"].state is State.MISSING


def test_smartctl_before_7_4_needs_nvme_cli_for_nvme_self_tests(examine, no_nvme_cli):
    found = examine("smartctl 7.3 2022-02-28 r5338")["NVMe self-tests"]
    assert found.state is State.LIMITED
    assert "smartctl 7.3 starts none" in found.found
    assert "install nvme-cli" in found.remedy
    assert "7.4" in found.remedy


@pytest.mark.parametrize(
    ("capabilities", "lacking"), [(0, "CAP_SYS_RAWIO and CAP_SYS_ADMIN"), (1 << 17, "CAP_SYS_ADMIN")]
)
def test_rights_that_are_lacking_are_named(examine, capabilities, lacking):
    found = examine("smartctl 7.4", capabilities)["rights"]
    assert found.state is State.LIMITED
    assert f"without {lacking}: " in found.found


def test_without_udevd_and_without_the_slots_node_it_says_so(examine):
    found = examine("smartctl 7.4", slots={3: SlotSettings(node="/dev/no-such-node")})
    assert found["udevd"].state is State.LIMITED
    assert (found["slot 3"].state, found["slot 3"].found) == (State.LIMITED, "/dev/no-such-node is not there")


def test_slots_with_a_match_need_udevd_and_enclosures_the_ses_module(examine):
    match = MatchSettings(enclosure="0x5003048000000000", bay="1")
    found = examine("smartctl 7.4", slots={3: SlotSettings(match=match)})
    assert (found["udevd"].state, found["enclosures"].state) == (State.MISSING, State.MISSING)
    assert "systemctl start systemd-udevd" in found["udevd"].remedy
    assert "modprobe ses" in found["enclosures"].remedy
    assert "slot 3" not in found


def test_a_small_receive_buffer_is_named_unless_root_may_ask_for_more(examine):
    assert "rmem_max=" in examine("smartctl 7.4", rmem_max=212992)["receive buffer"].remedy
    assert examine("smartctl 7.4", rmem_max=212992, capabilities=1 << 12)["receive buffer"].state is State.OK


@pytest.mark.parametrize(("smartctl", "status"), [("smartctl 7.4 2023-08-01 r5530", 0), (None, 1)])
def test_the_exit_status_says_whether_something_is_missing(orchestrator, rack_file, tmp_path, smartctl, status):
    path = tool(tmp_path, "smartctl", smartctl) if smartctl else "/no/such/smartctl"
    config = rack_file(f"slots: {{1: {{node: {os.devnull}}}}}\nsmartctl: {{path: {path}}}")
    said = orchestrator("doctor", "--config", config, "--json")
    assert said.status == status
    findings = {one["name"]: one for one in map(json.loads, said.out.splitlines())}
    assert findings["slot 1"]["state"] == "ok"
    assert (findings["smartctl"]["state"] == "missing") is bool(status)
    assert orchestrator("doctor", "--config", config).out.splitlines()[0].split() == [
        "what",
        "state",
        "found",
        "remedy",
    ]
