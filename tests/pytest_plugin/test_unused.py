"""Where it is installed and nobody uses it, nothing changes."""

import json

LOADED = """
import json, sys

def pytest_unconfigure(config):
    mine = sorted(name for name in sys.modules if name.split(".")[0] == "orchestrator")
    heavy = sorted({"pykka", "pyudev", "pydantic", "sqlalchemy", "rich", "fastapi", "pySMART"} & set(sys.modules))
    print("LOADED", json.dumps([mine, heavy]))
"""
OWN = """
import pytest

@pytest.fixture(params=["a", "b"])
def drive(request):
    return request.param

@pytest.fixture
def slot():
    return 7

@pytest.fixture
def rack(slot):
    return slot + 1

def test_theirs(drive, slot, rack):
    assert drive in "ab" and (slot, rack) == (7, 8)
"""


def loaded(ran):
    line = next(line for line in ran.out.splitlines() if "LOADED" in line)
    return json.loads(line.partition("LOADED ")[2])


def test_an_empty_suite_loads_one_small_module_of_ours(suite, pytester):
    pytester.makeconftest(LOADED)
    ran = suite("--co", "-s", text="")
    own, heavy = loaded(ran)
    assert own == ["orchestrator", "orchestrator.interfaces", "orchestrator.interfaces.pytest_plugin"]
    assert heavy == []


def test_tests_that_take_no_drive_load_none_even_where_a_rack_is_named(suite, pytester):
    pytester.makeconftest(LOADED)
    pytester.makeini("[pytest]\nrack = simulated")
    ran = suite("-s", text="def test_plain(): pass")
    assert ran.status == 0
    assert loaded(ran)[1] == []


def test_fixtures_of_the_same_names_are_theirs(suite):
    ran = suite("-v", text=OWN)
    assert (ran.status, ran.counts) == (0, {"passed": 2})
    assert "test_theirs[a]" in ran.out
