"""A rack file: what it may say, and that every mistake is told at once, with its place and what was meant."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import settings
from orchestrator.model.errors import ConfigError


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
        settings.load(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_the_smallest_rack_file_is_one_slot(rack_file):
    rack = settings.load(rack_file("slots: {3: {label: A3, node: /dev/sda, type: sat}}"))
    assert rack.slots == {3: settings.SlotSettings(node="/dev/sda", label="A3", type="sat")}
    assert (rack.smartctl.path, rack.smartctl.sudo, rack.smartctl.deadline_s) == ("smartctl", False, 60.0)
    assert rack.simulated is None


def test_a_simulated_rack_needs_no_more_than_its_name(rack_file):
    rack = settings.load(rack_file("simulated: {slots: 4, speed: 1e3, seed: 7}"))
    assert rack.simulated == settings.SimulatedSettings(slots=4, speed=1000.0, seed=7)
    assert settings.load(rack_file("simulated: {}")).simulated == settings.SimulatedSettings()


def test_a_label_stays_as_it_is_printed(rack_file):
    rack = settings.load(rack_file("slots: {1: {node: /dev/sda, label: 007}, 2: {node: /dev/sdb, label: 1:30}}"))
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


def test_two_drives_behind_one_controller_have_one_node_and_two_numbers(rack_file):
    rack = settings.load(
        rack_file('slots: {1: {node: /dev/sda, type: "megaraid,1"}, 2: {node: /dev/sda, type: "megaraid,2"}}')
    )
    assert [slot.place for slot in rack.slots.values()] == ["/dev/sda megaraid,1", "/dev/sda megaraid,2"]


def test_a_file_that_anybody_may_write_is_not_read(rack_file):
    path = rack_file("simulated: {}")
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="may be written by any user") as caught:
        settings.load(path)
    assert caught.value.remedy == f"chmod o-w {path}"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * (2 << 20)])
def test_what_is_no_rack_file_is_refused(tmp_path, content):
    path = tmp_path / "rack.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=str(path)):
        settings.load(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        settings.load(tmp_path / "rack.yaml")


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "config").glob("*.yaml")), ids=lambda path: path.name
)
def test_the_files_that_we_ship_can_be_read(path):
    rack = settings.load(path)
    assert rack.slots or rack.simulated


def test_settings_are_frozen(rack_file):
    rack = settings.load(rack_file("simulated: {}"))
    with pytest.raises(ValueError, match="frozen"):
        rack.smartctl.path = "elsewhere"
