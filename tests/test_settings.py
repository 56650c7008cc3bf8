"""A rack file: what it may say, and that every mistake is told at once, with its place and what was meant."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.model.errors import ConfigError
from orchestrator.model.place import Rule
from orchestrator.settings import parts
from orchestrator.settings.rack_file import SlotSettings, load_rack_file


@pytest.fixture
def rack_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "rack.yaml"
        path.write_text(text)
        return path

    return write


def mistakes(path: Path) -> list[str]:
    """The lines of the error, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        load_rack_file(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_the_smallest_rack_file_is_one_slot(rack_file):
    rack = load_rack_file(rack_file("slots: {3: {label: A3, node: /dev/sda, type: sat}}"))
    assert rack.slots == {3: SlotSettings(node="/dev/sda", label="A3", type="sat")}
    assert (rack.smartctl.path, rack.smartctl.sudo, rack.smartctl.deadline_s) == ("smartctl", False, 60.0)
    assert rack.simulated is None


def test_a_simulated_rack_needs_no_more_than_its_name(rack_file):
    rack = load_rack_file(rack_file("simulated: {slots: 4, speed: 1e3, seed: 7}"))
    assert rack.simulated == parts.SimulatedSettings(slots=4, speed=1000.0, seed=7)
    assert load_rack_file(rack_file("simulated: {}")).simulated == parts.SimulatedSettings()


def test_a_label_stays_as_it_is_printed(rack_file):
    rack = load_rack_file(rack_file("slots: {1: {node: /dev/sda, label: 007}, 2: {node: /dev/sdb, label: 1:30}}"))
    assert [slot.label for slot in rack.slots.values()] == ["007", "1:30"]


def test_all_mistakes_come_at_once_in_the_order_of_the_file(rack_file):
    path = rack_file(
        """\
slots:
  3: {label: A3, node: /dev/sda, type: sta}
  4: {lable: A4, node: /dev/sda}
  A5: {node: /dev/sdb}
  6: {label: A6}
  6: {node: /dev/sdx}
smartctl: {sudo: maybe, deadline_s: 0}
smartclt: {}
"""
    )
    assert mistakes(path) == [
        "2:40: 'sta' is not a device type of smartctl; did you mean 'sat'?",
        "3:7: slot 4 takes no 'lable'; did you mean 'label'?",
        "3:24: slot 4 is on /dev/sda, and so is slot 3; one node holds one drive",
        "4:3: 'A5' is no slot id; it takes a whole number from 0 to 999999",
        "5:3: slot 6 needs match or node",
        "6:3: 6 is given twice; the first is in line 5",
        "7:18: smartctl: sudo takes true or false, not 'maybe'",
        "7:37: smartctl: deadline_s should be greater than or equal to 1, not '0'",
        "8:1: the rack file takes no 'smartclt'; did you mean 'smartctl'?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: the rack has no slots"),
        ("slots: {}", "1:1: the rack has no slots"),
        ("- 3", "1:1: the rack file: it takes a block of `key: value`, not a block"),
        ("slots: [1, 2]", "1:8: the rack file: slots takes a block of `key: value`, not a block"),
        ("slots: {3: /dev/sda}", "1:12: slots: 3 takes a block of `key: value`, not '/dev/sda'"),
        ("slots: {3: {node: }}", "1:9: slot 3 needs match or node"),
        ("slots: {3: {node: sda}}", "1:19: 'sda' is not a device node"),
        ("slots: {3: {node: /dev/../etc/passwd}}", "1:19: '/dev/../etc/passwd' is not a device node"),
        ("slots: {3: {node: /dev/sda}, 03: {node: /dev/sdb}}", "1:30: slot 03 is slot 3 once more"),
        ("slots: {-1: {node: /dev/sda}}", "1:9: '-1' is no slot id"),
        ("slots: {3: {node: /dev/sda}}\nsimulated: {}", "2:1: a rack is real (slots) or simulated, never both"),
        ("simulated: {speed: .nan}", "1:20: simulated: speed"),
        (
            "simulated: {faults: {3: tired}}",
            "1:25: no fault 'tired'; there are: self_test_failure, health_failed, hang",
        ),
        ("simulated: {faults: {3: [hot, tired]}}", "1:25: no fault 'tired'; there are: "),
        (
            "simulated: {slots: 2, faults: {3: hot}}",
            "1:12: faults: slot 3 is not there; this simulated rack has slots 1",
        ),
        ("simulated: {faults: {three: hot}}", "1:22: 'three' is no slot id"),
        ("simulated: {faults: [3]}", "1:21: simulated: faults takes a block of `key: value`"),
        ("simulated: {slots: 0}", "1:20: simulated: slots should be greater than or equal to 1, not '0'"),
        ("slots: {3: {node: /dev/sda}", "1:28: while parsing a flow mapping"),
        ("slots: !!python/object/apply:os.system [true]", "1:8: the tag !!python/object"),
        ("slots: {3: &a {node: /dev/sda}, 4: *a}", "1:33: an alias"),
        ("slots: {3: {node: *nobody}}", "1:19: found undefined alias"),
        ("slots: {? [1] : {node: /dev/sda}}", "1:11: a key is a plain word or number"),
        ("a: \x07", "1:1: "),
    ],
)
def test_a_mistake_names_its_place_and_what_was_meant(rack_file, text, said):
    assert [line for line in mistakes(rack_file(text)) if line.startswith(said)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slots: {3: {label: A3}}", "1:9: slot 3 needs match or node"),
        ("slots: {3: {match: {id_path: a}, node: /dev/sda}}", "1:9: slot 3 has match and node; leave one out"),
        (
            "slots: {3: {match: {}}}",
            "1:13: slot 3's match says nothing of where it is; it takes one of id_path, enclosure with bay",
        ),
        (
            "slots: {3: {match: {id_path: a, serial: b}}}",
            "1:13: slot 3's match says id_path and serial; leave all but one out",
        ),
        ("slots: {3: {match: {bay: 3}}}", "1:13: slot 3's match needs enclosure and bay together"),
        ("slots: {3: {match: {id_paht: a}}}", "1:21: slot 3's match takes no 'id_paht'; did you mean 'id_path'?"),
        ("slots: {3: {match: {id_path: []}}}", "1:30: slot 3's match: id_path takes at least one, not nothing"),
        (
            'slots: {3: {match: {id_path: "a\\nb"}}}',
            "1:30: slot 3's match: id_path takes a text on one line, not 'a\\nb'",
        ),
        ("slots: {3: {match: {id_path: {a: b}}}}", "1:30: slot 3's match: id_path takes a list, not a block"),
        ("slots: {3: {match: pci-1}}", "1:20: slot 3: match takes a block of `key: value`, not 'pci-1'"),
        (
            "slots: {3: {match: {hctl: 0:0:1}}}",
            "1:12: hctl takes host:channel:target:LUN, such as 0:0:3:0, not '0:0:1'",
        ),
        (
            'slots: {3: {match: {id_path: "a*"}}, 4: {match: {id_path: [x, abc]}}}',
            "1:49: slot 4 covers abc (by a*), and so does slot 3; a drive is in one slot",
        ),
        (
            "slots: {3: {match: {enclosure: 0xA, bay: 3}}, 4: {match: {enclosure: 0xa, bay: 03}}}",
            "1:58: slot 4 covers 0xa bay 3, and so does slot 3; a drive is in one slot",
        ),
        ("ranges: {ids: 1-4}", "1:9: the rack file: ranges takes a list, not a block"),
        ("ranges: [{match: {id_path: a}}]", "1:10: range 1 needs ids"),
        ("ranges: [{ids: 24-1, match: {id_path: a}}]", "1:16: '24-1' runs backwards; write 1-24"),
        ("ranges: [{ids: 1 to 4, match: {id_path: a}}]", "1:16: '1 to 4' is no range of ids, such as 1-24"),
        ("ranges: [{ids: 1-99999, match: {id_path: a}}]", "1:16: '1-99999' is more than 10000 slots"),
        (
            'ranges: [{ids: 1-4, match: {id_path: "phy{x}"}}]',
            "1:38: 'phy{x}': a range counts with {id} and {n}, and {n:02} pads; double a brace to mean one",
        ),
        (
            "ranges: [{ids: 1-4, match: {id_path: phy1}}]",
            "1:28: every slot of this range covers phy1; put {n} in its match",
        ),
        (
            "ranges: [{ids: 1-4, node: /dev/bus/0}]",
            "1:27: every slot of this range is on /dev/bus/0; put {n} in its node, or in its type",
        ),
        (
            'ranges: [{ids: 1, node: /dev/bus/0, type: "megraid,{n}"}]',
            "1:43: slot 1: 'megraid,1' is not a device type of smartctl; did you mean 'megaraid,0'?",
        ),
        (
            'slots: {3: {match: {serial: a}}}\nranges: [{ids: 2-5, match: {id_path: "p{n}"}}]',
            "2:16: slot 3 is in this range and in slots",
        ),
        (
            'ranges: [{ids: 1-2, match: {id_path: "p{n}"}}, {ids: 2-3, match: {id_path: "q{n}"}}]',
            "1:54: slot 2 is in this range and in another",
        ),
        (
            'ranges: [{ids: 1-2, match: {id_path: "p{n}"}}, {ids: 3-4, first: 2, match: {id_path: "p{n}"}}]',
            "1:76: slot 3 covers p2, and so does slot 2; a drive is in one slot",
        ),
        (
            'ranges: [{ids: 1-4, first: x, match: {id_path: "p{n}"}}]',
            "1:28: range 1: first takes a whole number, not 'x'",
        ),
        ('simulated: {}\nranges: [{ids: 1-2, match: {id_path: "p{n}"}}]', "1:1: a rack is real (slots) or simulated"),
    ],
)
def test_a_rule_or_a_range_that_is_wrong_is_told_once_with_what_was_meant(rack_file, text, said):
    (line,) = mistakes(rack_file(text))
    assert line.startswith(said)


def test_a_range_stands_for_its_slots_and_counts_from_its_first(rack_file):
    rack = load_rack_file(
        rack_file(
            'ranges: [{ids: 1-24, first: 0, match: {id_path: "exp-phy{n}-lun-0"}, label: "A{id:02}", type: scsi}]'
        )
    )
    assert list(rack.slots) == list(range(1, 25))
    assert (rack.slots[1].label, rack.slots[1].match.rule) == ("A01", Rule(id_path=("exp-phy0-lun-0",)))
    assert (rack.slots[24].label, rack.slots[24].match.rule) == ("A24", Rule(id_path=("exp-phy23-lun-0",)))


def test_without_first_a_range_counts_by_its_ids_and_a_doubled_brace_is_one(rack_file):
    rack = load_rack_file(rack_file('ranges: [{ids: 7-8, match: {id_path: ["{{a}}-{n}", "b-{n}"]}}]'))
    assert rack.slots[8].match.rule == Rule(id_path=("{a}-8", "b-8"))


def test_a_range_may_count_the_drives_behind_one_raid_controller(rack_file):
    rack = load_rack_file(rack_file('ranges: [{ids: 1-2, first: 8, node: /dev/bus/0, type: "megaraid,{n}"}]'))
    assert [slot.place for slot in rack.slots.values()] == ["/dev/bus/0 megaraid,8", "/dev/bus/0 megaraid,9"]


@pytest.mark.parametrize(
    ("match", "rule"),
    [
        ("{id_path: a*}", Rule(id_path=("a*",))),
        ("{id_path: [a, b]}", Rule(id_path=("a", "b"))),
        ("{enclosure: 0x5003048000000000, bay: 07}", Rule(enclosure="0x5003048000000000", bay="07")),
        ("{hctl: 0:0:3:0}", Rule(hctl="0:0:3:0")),
        ("{serial: 0123}", Rule(serial="0123")),
    ],
)
def test_the_four_ways_to_say_where_a_slot_is(rack_file, match, rule):
    assert load_rack_file(rack_file(f"slots: {{3: {{match: {match}}}}}")).slots[3].match.rule == rule


def test_two_drives_behind_one_controller_have_one_node_and_two_numbers(rack_file):
    rack = load_rack_file(
        rack_file('slots: {1: {node: /dev/sda, type: "megaraid,1"}, 2: {node: /dev/sda, type: "megaraid,2"}}')
    )
    assert [slot.place for slot in rack.slots.values()] == ["/dev/sda megaraid,1", "/dev/sda megaraid,2"]


def test_a_file_that_anybody_may_write_is_not_read(rack_file):
    path = rack_file("simulated: {}")
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="may be written by any user") as caught:
        load_rack_file(path)
    assert caught.value.remedy == f"chmod o-w {path}"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * (2 << 20)])
def test_what_is_no_rack_file_is_refused(tmp_path, content):
    path = tmp_path / "rack.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=str(path)):
        load_rack_file(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_rack_file(tmp_path / "rack.yaml")


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "config").glob("*.yaml")), ids=lambda path: path.name
)
def test_the_files_that_we_ship_can_be_read(path):
    rack = load_rack_file(path)
    assert rack.slots or rack.simulated


def test_settings_are_frozen(rack_file):
    rack = load_rack_file(rack_file("simulated: {}"))
    with pytest.raises(ValueError, match="frozen"):
        rack.smartctl.path = "elsewhere"
