"""By the switch ORCHESTRATOR_FULL: NVMe drives pulled and swapped by QMP, each slot with its plan."""

import pytest

from tests.guest.watched import Watched, at

pytestmark = pytest.mark.timeout(900)
RACK = """
plan: {on_insert: [read_health, read_scan]}
ranges: [{ids: 1-4, label: "N{id}", match: {id_path: "pci-0000:0{n}:00.0-nvme-1"}}]
"""
AT_ONCE_S = 2.0
SLOW = 1 << 20
"""Bytes a second: the scan of 64 MiB takes a minute."""


def names(jobs) -> list[str]:
    return [job["name"] for job in jobs]


def scanning(rack: Watched, serial: str, beyond: float = 0.0) -> bool:
    return any(j["name"] == "read_scan" and j["status"] == 2 and j["progress"] > beyond for j in rack.jobs(serial))


def test_a_drive_is_swapped_in_mid_scan_while_another_slot_goes_on(machine):
    rack = Watched(machine, RACK)
    machine.plug_nvme(2, "NV-OTHER", SLOW)
    rack.until("the other slot's scan runs", lambda: scanning(rack, "NV-OTHER"))
    machine.plug_nvme(1, "NV-A", SLOW)
    rack.until("the scan runs", lambda: scanning(rack, "NV-A"))
    other = rack.jobs("NV-OTHER")[-1]["progress"]
    machine.pull_nvme("NV-A")
    machine.plug_nvme(1, "NV-B", SLOW)
    rack.until("the successor's scan runs", lambda: scanning(rack, "NV-B"))
    rack.until("the other slot's scan goes on", lambda: scanning(rack, "NV-OTHER", beyond=other))

    health, scan = rack.jobs("NV-A")
    print(rack.story())
    assert (health["status"], health["verdict"]["status"]) == (4, "pass")
    assert (scan["status"], scan["error"]["code"], scan["verdict"]) == (5, "drive_removed", None)
    assert at(scan["ended"]) - rack.announced("remove")[0] < AT_ONCE_S
    assert names(rack.jobs("NV-B")) == ["read_health", "read_scan"]  # its own, and nothing of its predecessor's
    assert min(job["id"] for job in rack.jobs("NV-B")) > scan["id"]
    for serial, announced in zip(("NV-OTHER", "NV-A", "NV-B"), rack.announced("add"), strict=True):
        assert 0 < at(rack.jobs(serial)[0]["started"]) - announced < AT_ONCE_S, serial
