"""What docs/harness.md says is what pytest does; its blocks are run by tests/docs."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "harness.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def written(pytester):
    """Their files, as the page has them; the rack file is of a simulated rack."""
    for code in blocks("python"):
        (pytester.path / code.splitlines()[0].removeprefix("# ")).write_text(code)
    (ini,) = blocks("ini")
    (pytester.path / "pytest.ini").write_text(ini)
    (pytester.path / "rack.yaml").write_text("simulated: {slots: 4, speed: 1e5}\n")
    return pytester.path


def test_the_long_fixture_of_the_page_runs_once_a_drive(suite, written):
    text = "def test_one(tested, drive):\n    assert tested\ndef test_two(tested):\n    assert tested\n"
    (written / "test_drives.py").unlink()
    (written / "test_measured.py").unlink()
    assert suite("-k", "slot-1 or slot-2", text=text).counts == {"passed": 4, "deselected": 4}


def test_its_table_of_options_is_what_the_plugin_takes(suite):
    told = set(re.findall(r"--rack[a-z-]*", PAGE))
    helped = suite("--help").out
    assert told == set(re.findall(r"--rack[a-z-]*", helped))
    for ini in ("rack", "rack_simulated", "rack_record"):
        assert re.search(rf"^  {ini} \(", helped, re.MULTILINE)
        assert ini in PAGE


def test_its_faults_are_those_there_are():
    from orchestrator.simulated.drive import FAULTS

    (listed,) = re.findall(r"inject`: ([a-z_, ]+)\.", PAGE)
    assert tuple(listed.split(", ")) == FAULTS
