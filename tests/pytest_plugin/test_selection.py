"""Which tests there are, and that pytest's own options do with them what they do with any."""

import pytest

RACK = ("--rack", "simulated:slots=4,speed=1e5,2=health_failed")
TWO = """
import pytest

def test_health(drive):
    assert drive.read_health().status == "pass"

def test_place(slot, drive):
    assert slot.drive.serial == drive.serial == drive.info.serial and drive.slot == slot

def test_plain():
    pass
"""


def ids(ran):
    return [line.partition("::")[2].split()[0] for line in ran.out.splitlines() if "::" in line]


def test_a_test_runs_once_for_each_drive_grouped_by_slot(suite):
    ran = suite("--co", "-q", *RACK, text=TWO)
    assert ran.status == 0
    assert ids(ran) == [f"test_{what}[slot-{n}]" for n in (1, 2, 3, 4) for what in ("health", "place")] + ["test_plain"]


def test_k_x_and_lf_behave_as_ever(suite):
    ran = suite("-v", *RACK, "-k", "slot-3 and not place", text=TWO)
    assert (ran.status, ran.counts) == (0, {"passed": 1, "deselected": 8})
    ran = suite("-x", *RACK, "-q")
    assert (ran.status, ran.counts) == (1, {"failed": 1, "passed": 2})
    ran = suite("--lf", *RACK, "-v")
    assert (ran.status, ran.counts) == (1, {"failed": 1})
    assert "test_health[slot-2] FAILED" in ran.out


def test_lf_works_after_and_with_workers(suite):
    assert suite("-n", "2", *RACK, text=TWO).counts == {"failed": 1, "passed": 8}
    again = suite("-n", "2", "--lf", *RACK, "-v")
    assert again.counts == {"failed": 1}
    assert suite("--lf", *RACK).counts == {"failed": 1}
    assert "@slot" not in again.out


def test_parameters_of_ones_own_compose_with_the_slots(suite):
    text = """
    import pytest

    @pytest.mark.drive(protocol="nvme")
    @pytest.mark.parametrize("block", ["4k", "1m"])
    def test_reads(drive, block):
        drive.measure("x", 1 if block == "4k" else 3, at_most=2)
    """
    ran = suite(*RACK, "-v", text=text)
    assert ran.counts == {"failed": 1, "passed": 1}
    assert "test_reads[slot-2-4k] PASSED" in ran.out
    assert ran.table["2"][-1] == "test_reads[1m]: x 3 (at most 2)"


def test_a_fixture_of_the_suite_may_take_the_drive_and_live_as_long_as_it_is_tested(suite):
    text = """
    import pytest

    @pytest.fixture(scope="session")
    def tested(drive):
        yield drive.run_smart_test()
        assert drive.jobs == ()  # of a test that started none

    def test_first(tested, drive):
        assert tested and len(drive.jobs) == 1

    def test_second(tested, drive):
        assert tested and drive.jobs == ()
    """
    assert suite(*RACK, "-k", "slot-1 or slot-3", text=text).counts == {"passed": 4, "deselected": 4}


def test_a_mark_for_a_drive_that_is_not_there_skips_with_the_reason(suite):
    text = "import pytest\n@pytest.mark.drive(min_capacity='99TB')\ndef test_big(drive): pass"
    ran = suite("-rs", *RACK, text=text)
    assert (ran.status, ran.counts) == (0, {"skipped": 1})
    assert "no drive here: wants at least 99 TB, there are 2 ata, 1 nvme, 1 scsi" in ran.out


def test_a_mistake_in_a_mark_is_an_error_of_the_collection(suite):
    ran = suite(*RACK, text="import pytest\n@pytest.mark.drive(protocl='nvme')\ndef test_it(drive): pass")
    assert (ran.status, ran.counts) == (2, {"error": 1})
    assert "the mark drive takes no 'protocl'; did you mean 'protocol'?" in ran.out
    assert "pytest_plugin/" not in ran.out


@pytest.mark.parametrize("arguments", [(), ("--co",)])
def test_a_test_that_wants_a_drive_of_no_rack_is_wrong_usage(suite, arguments):
    ran = suite(*arguments, text=TWO)
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert "no rack was named; say --rack FILE, --rack URL or --rack simulated, or put `rack = ...`" in ran.err


def test_tests_that_want_none_run_without_a_rack(suite):
    ran = suite("-k", "plain", text=TWO)
    assert ran.counts == {"passed": 1, "deselected": 2}


def test_in_a_worker_each_test_says_that_no_rack_was_named(suite):
    ran = suite("-n", "1", text=TWO)
    assert (ran.status, ran.counts) == (1, {"passed": 1, "errors": 2})
    assert "say --rack FILE" in ran.out


@pytest.mark.parametrize(
    ("rack", "told"),
    [
        ("simulated:slotz=3", "takes no 'slotz=3'; did you mean 'slots'"),
        ("simulated:slots=many", "slots is 'many', not a number"),
        ("simulated:slots=0", "slots is 0; a simulated rack has 1 to 10000"),
        ("simulated:slots=2,3=hang", "this simulated rack has slots 1 to 2"),
        ("simulated:3=hangs", "no fault 'hangs'; did you mean 'hang'"),
        ("simulated:fast", "takes no 'fast'; it takes slots=NUMBER"),
        ("nowhere.yaml", "nowhere.yaml cannot be read: No such file or directory"),
    ],
)
def test_a_rack_that_cannot_be_had_is_wrong_usage_with_the_remedy(suite, rack, told):
    ran = suite("--rack", rack, text=TWO)
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert told in ran.err


def test_with_workers_it_is_wrong_usage_as_well(suite):
    ran = suite("--rack", "nowhere.yaml", "-n", "2", text=TWO)
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert "nowhere.yaml cannot be read" in ran.err


def test_the_rack_alone_may_be_taken_and_empty_slots_are_no_failures(suite):
    text = """
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def pulled(rack):
        rack.simulation.pull(3)

    def test_rack(rack):
        assert len(rack.slots()) == 4 and rack.is_simulated
    """
    assert suite(*RACK, text=text).counts == {"passed": 1}
