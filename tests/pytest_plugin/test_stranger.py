"""The suite of a stranger: three tests, eight simulated drives of which two are sick."""

import pytest

from tests.pytest_plugin.conftest import properties

HELD = {"1", "3", "6", "7"}
"""Whose drives hold a terabyte or more."""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["in one process", "side by side"])
def test_the_table_the_junit_file_and_the_exit_status_are_as_one_would_expect(suite, stranger, workers):
    ran = suite("--rack", "simulated", "--junitxml", "found.xml", *workers)
    assert (ran.status, ran.counts) == (1, {"failed": 2, "passed": 18}), ran.out + ran.err
    assert "SIMULATED rack: no drive in it is real" in ran.out
    assert set(ran.table) == set(map(str, range(1, 9)))
    for slot_id, (serial, _, passed, failed, *rest) in ran.table.items():
        assert failed == ("1" if slot_id in ("3", "6") else "0")
        assert int(passed) + int(failed) == (3 if slot_id in HELD else 2)
        assert rest[:3] == ["0", "0", "0"]
        assert len(serial) > 3
    assert "test_self_test: assert False; job" in ran.table["3"][-1]
    assert "test_surface: unreadable_places 1 (at most 0)" in ran.table["6"][-1]
    assert "not recorded" not in ran.out

    found = properties(stranger / "found.xml")
    assert len(found) == 20
    reads = found["test_surface[slot-6]"]
    assert reads["junit"] == "failure"
    assert (reads["slot"], reads["serial"]) == ("6", ran.table["6"][0])
    assert (reads["measure:unreadable_places"], reads["limits:unreadable_places"]) == ("1", "at most 0")
    whole = found["test_surface[slot-1]"]
    assert whole["measure:slowest_zone"].endswith(" MB/s")
    assert (whole["limits:slowest_zone"], whole["junit"]) == ("at least 50", "passed")
    assert whole["jobs"].isdecimal()
    assert whole["model"] == ran.table["1"][1]


def test_sound_drives_alone_leave_with_status_0(suite, stranger):
    ran = suite("--rack", "simulated", "-k", "slot-1 or slot-2", "-q")
    assert (ran.status, ran.counts) == (0, {"passed": 5, "deselected": 15})
    assert set(ran.table) == {"1", "2"}


def test_a_rack_file_says_it_as_well(suite, stranger):
    (stranger / "rack.yaml").write_text("simulated: {slots: 2, speed: 1e5, faults: {2: health_failed}}\n")
    (stranger / "pytest.ini").write_text("[pytest]\nrack = rack.yaml\n")
    (stranger / "below").mkdir()
    (stranger / "test_qualification.py").rename(stranger / "below" / "test_qualification.py")
    ran = suite("below")
    assert (ran.status, ran.counts["failed"]) == (1, 2)
    assert ran.table["2"][-1].startswith("test_health: assert")
