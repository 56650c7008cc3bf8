"""`orchestrator check`: the file's mistakes, what is in its slots now, and the line for a drive that no slot means."""

import json
from pathlib import Path

import pytest

from orchestrator.adapters.udev_block import Block
from orchestrator.interfaces.check_command import Found, Stranger, look, others
from orchestrator.model.place import Bay, Place
from orchestrator.settings.rack_file import RackSettings, load_rack_file


def block(name: str, *paths: str, serial: str = "SN", **place: object) -> Block:
    return Block(name, f"/dev/{name}", Place(paths, serials=(serial,), **place), 1, "", f"MODEL {serial}")


@pytest.fixture
def rack(rack_file):
    def load(text: str) -> RackSettings:
        return load_rack_file(Path(rack_file(text)))

    return load


@pytest.fixture
def run(tmp_path):
    (tmp_path / "udev").mkdir()
    (tmp_path / "udev/control").touch()
    return tmp_path


def test_a_slot_holds_what_its_rule_covers(rack, run):
    described = rack('ranges: [{ids: 1-3, label: "A{n}", match: {id_path: ["bay-{n}", "old-{n}"]}}]')
    found = look(described, {"sda": block("sda", "bay-2", "b"), "sdb": block("sdb", "elsewhere")}, run=run)
    assert list(found) == [
        Found(1, "A1", "empty"),
        Found(2, "A2", "drive", "/dev/sda", "MODEL SN"),
        Found(3, "A3", "empty"),
    ]


def test_contradictions_are_conflicts_with_the_way_out(rack, run):
    described = rack('slots: {1: {match: {id_path: "bay-*"}}, 2: {match: {serial: SN-9}}, 3: {match: {id_path: "x*"}}}')
    blocks = {
        "sda": block("sda", "bay-1", serial="SN-9"),
        "sdb": block("sdb", "x1"),
        "sdc": block("sdc", "x2", serial="T"),
    }
    first, second, third = look(described, blocks, run=run)
    assert (first.state, second.state, third.state) == ("conflict",) * 3
    assert first.reason == "slot 2 means the same drive; correct match"
    assert third.reason == "its match covers 2 drives; make it narrower, or pull all but one"


def test_without_udevd_a_slot_with_a_rule_is_unknown_and_not_empty(rack, tmp_path):
    described = rack("slots: {1: {match: {id_path: a}}, 2: {node: /dev/null}}")
    assert [slot.state for slot in look(described, {}, run=tmp_path)] == ["unknown", "drive"]


def test_a_drive_that_no_slot_means_gets_a_line_that_makes_it_one(rack):
    described = rack("slots: {7: {match: {id_path: bay-1}}, 8: {node: /dev/sdd}}")
    bay = Bay("0x5", "0:0:24:0", "4", "Slot 04")
    blocks = {
        "sda": block("sda", "bay-1"),
        "sdb": block("sdb", 'pci-"x"', "other"),
        "sdc": block("sdc", bays=(bay,)),
        "sdd": block("sdd", "bay-4"),
        "sde": block("sde", hctl="0:0:1:0"),
        "sdf": block("sdf", serial="S"),
    }
    strangers = list(others(described, blocks))
    assert [one.node for one in strangers] == ["/dev/sdb", "/dev/sdc", "/dev/sde", "/dev/sdf"]
    pasted = rack("slots:\n  7: {match: {id_path: bay-1}}\n" + "".join(f"  {one.line}\n" for one in strangers))
    assert list(others(pasted, {name: one for name, one in blocks.items() if name != "sdd"})) == []
    assert strangers[0] == Stranger("/dev/sdb", "MODEL SN", r'9: {match: {id_path: "pci-\"x\""}}')


def test_a_right_file_is_told_in_a_table_and_as_json(orchestrator, rack_file):
    config = rack_file("slots: {1: {label: A1, node: /dev/null}, 2: {node: /dev/no-such-node}}")
    said = orchestrator("check", config)
    assert said.status == 0
    assert "no mistakes; 2 slots, 1 with a drive now" in said.out
    lines = [json.loads(line) for line in orchestrator("check", config, "--json").out.splitlines()]
    assert [(one["slot_id"], one["state"]) for one in lines if "slot_id" in one] == [(1, "drive"), (2, "empty")]


def test_a_wrong_file_is_wrong_usage(orchestrator, rack_file):
    said = orchestrator("check", rack_file("slots: {1: {nod: /dev/null}}"))
    assert said.status == 2
    assert "slot 1 takes no 'nod'; did you mean 'node'?" in said.err


def test_no_file_at_all_is_told(orchestrator):
    said = orchestrator("check")
    assert (said.status, said.err) == (2, "no rack file was named; give its path, or say --schema\n")


def test_a_simulated_rack_says_so(orchestrator, rack_file):
    assert "SIMULATED" in orchestrator("check", rack_file("simulated: {}")).out


def test_the_schema_knows_every_key_of_the_file(orchestrator):
    schema = json.loads(orchestrator("check", "--schema").out)
    assert {"slots", "ranges", "smartctl", "simulated"} <= set(schema["properties"])
    assert {"id_path", "enclosure", "bay", "hctl", "serial"} == set(schema["$defs"]["MatchSettings"]["properties"])
    assert schema["$defs"]["SlotSettings"]["additionalProperties"] is False
