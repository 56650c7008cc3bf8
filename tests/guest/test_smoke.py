"""Per change: one boot, and our program in the guest, over the real kernel, udev and smartctl."""

import json
import re

import pytest

pytestmark = pytest.mark.timeout(600)
RACK = """
plan: {on_insert: [read_health]}
ranges: [{ids: 1-4, label: "N{id}", match: {id_path: "pci-0000:0{n}:00.0-nvme-1"}}]
"""
AT_ONCE_S = 10.0
"""While other tests use the cores; test_hotplug.py holds it to 2 s."""


def moment(log: str, what: str) -> float:
    """When this line came, in seconds since the guest's boot."""
    (found,) = re.findall(rf"\[([0-9.]+)\] .*{what}$", log, re.MULTILINE)
    return float(found)


def test_a_served_rack_judges_a_drive_that_is_plugged_in(machine):
    findings = [json.loads(line) for line in machine.check("orchestrator doctor --json").splitlines()]
    assert {finding["state"] for finding in findings} == {"ok"}, findings
    machine.check(f"cat >/run/rack.yaml <<'END'\n{RACK}END")
    machine.check("setsid udevadm monitor --kernel --subsystem-match=block >>/run/log 2>&1 &")
    machine.check("setsid served /run/rack.yaml >>/run/log 2>&1 &")
    machine.wait("grep serving /run/log || { cat /run/log; false; }")
    machine.plug_nvme(3, "NV-A")
    machine.wait("grep -E 'COMPLETED|FAILED|left with' /run/log || { cat /run/log; false; }")
    machine.check("kill $(cat /run/served.pid)")
    machine.wait("grep 'left with' /run/log || { cat /run/log; false; }")
    log = machine.check("cat /run/log")
    print(f"booted in {machine.boot_s:.1f} s\n{log}")
    assert "slot N3: ready, QEMU NVMe Ctrl NV-A" in log
    moment(log, "slot N3: job 1 read_health: COMPLETED pass")
    assert moment(log, "left with 0") > moment(log, "stopping")
    waited_s = moment(log, "slot N3: job 1 read_health: RUNNING") - moment(log, r"add .*/nvme0n1 \(block\)")
    assert 0 < waited_s < AT_ONCE_S
