"""Per change: one boot, and our program in the guest, over the real kernel, udev and smartctl."""

import json

import pytest

pytestmark = pytest.mark.timeout(600)
RACK = "slots: {1: {label: N1, node: /dev/nvme0}, 2: {label: N2, node: /dev/nvme1}}"


def test_a_drive_that_is_plugged_in_is_read_and_judged(machine):
    findings = [json.loads(line) for line in machine.check("orchestrator doctor --json").splitlines()]
    assert {finding["state"] for finding in findings} == {"ok"}, findings
    machine.check(f"echo '{RACK}' >/run/rack.yaml")
    machine.plug_nvme(1, "NV-A")
    machine.wait("test -e /dev/nvme0n1")
    job = machine.run("orchestrator run read-health 1 --config /run/rack.yaml --json").json()
    assert (job["status_name"], job["verdict"], job["drive"]["serial"]) == ("COMPLETED", "pass", "NV-A"), job
