"""The demo: 24 slots, some drives sick, one swapped; what it shows is what the jobs ended with."""

import json
import re
import time

import pytest

from orchestrator.interfaces import demo

REASONS = {
    "self_test_failure": ("fail", "self_test_failed"),
    "health_failed": ("fail", "health"),
    "bad_sector": ("fail", "self_test_failed"),
    "hang": ("unknown", "tool_timeout"),
    "garbage": ("unknown", "tool_failed"),
    "wrong_serial": ("unknown", "drive_changed"),
    "unreadable": ("unknown", "tool_failed"),
}
"""What each sickness must come to."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(demo, "TOOL_DEADLINE_S", 1.0)
    monkeypatch.setattr(demo, "EMPTY_S", 0.1)


@pytest.fixture
def sick(monkeypatch):
    """By slot, who was made sick of what."""
    found: dict[int, str] = {}
    inject = demo.Demo.__init__

    def noted(self, rack, seed):
        real, rack.simulation.inject = rack.simulation.inject, lambda *fault: (found.update([fault]), real(*fault))
        inject(self, rack, seed)

    monkeypatch.setattr(demo.Demo, "__init__", noted)
    return found


def test_every_slot_has_its_verdict_and_the_sick_ones_the_right_reason(orchestrator, sick):
    began = time.monotonic()
    said = orchestrator("demo", "--json", "--speed", "20000", "--seed", "3")
    assert said.status == 0
    assert time.monotonic() - began < 30
    slots = {line["slot_id"]: line for line in map(json.loads, said.out.splitlines())}
    assert sorted(slots) == list(range(1, 25))
    assert set(sick.values()) == set(demo.SICKNESSES) == set(REASONS)
    assert all(line["simulated"] for line in slots.values())
    for slot_id, line in slots.items():
        if slot_id not in sick:
            assert (line["verdict"], line["reasons"]) == ("pass", []), line
            continue
        verdict, rule = REASONS[sick[slot_id]]
        assert line["verdict"] == verdict, (sick[slot_id], line)
        assert line["reasons"][0]["rule"] == rule, (sick[slot_id], line)
    (swapped,) = [line for line in slots.values() if line["earlier"]]
    (earlier,) = swapped["earlier"]
    assert (earlier["status_name"], earlier["error"], earlier["verdict"]) == ("FAILED", "drive_removed", "unknown")
    assert earlier["reasons"][0]["rule"] == "drive_removed"
    assert earlier["drive"]["serial"] != swapped["drive"]["serial"]
    assert earlier["job_id"] != swapped["job_id"]
    assert (swapped["status_name"], swapped["verdict"]) == ("COMPLETED", "pass")


def test_without_a_terminal_it_tells_a_line_for_each_thing_and_ends_with_the_table(orchestrator):
    said = orchestrator("demo", "--slots", "4", "--speed", "20000")
    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[0] == "SIMULATED rack: 4 slots, and no drive in them is real"
    assert any("was pulled out in the middle of its test" in line for line in lines)
    assert any("was plugged in" in line for line in lines)
    head = lines.index(lines[0], 1) + 1
    assert lines[head].split() == ["slot", "drive", "verdict", "reasons"]
    assert len(lines) - head - 2 == 5  # four slots, one of them with two jobs
    assert lines[-1].startswith("SIMULATED: ")
    assert "\x1b" not in said.out


def test_one_slot_is_a_demo_too(orchestrator):
    said = orchestrator("demo", "--slots", "1", "--speed", "50000", "--json")
    assert (said.status, len(said.out.splitlines())) == (0, 1)


def test_the_same_seed_makes_the_same_drives_sick(orchestrator, sick):
    orchestrator("demo", "--slots", "6", "--speed", "100000", "--seed", "5", "--json")
    first = dict(sick)
    orchestrator("demo", "--slots", "6", "--speed", "100000", "--seed", "5", "--json")
    assert dict(sick) == first
    assert len(first) == 2


def test_on_a_terminal_of_80_columns_the_live_table_keeps_slot_drive_progress_and_verdict(terminal):
    text = terminal("demo", "--slots", "6", "--speed", "30000", columns=80)
    live, _, rest = text.partition("reasons")
    assert live.split("\n")[-1].split() == ["slot", "drive", "self-test", "verdict"]
    rows = [line for line in rest.splitlines() if re.match(r"[1-6] +\S", line)]
    assert any("█" in row for row in rows)
    assert any(re.search(r" 100 % +pass", row) for row in rows)
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"SIMULATED: \d+ pass, \d+ fail, 1 unknown", text)
