"""kill -9 exactly there: between each two steps of a start, of a self-test under way, and of an end."""

import pytest

from orchestrator.simulated.drive import Ending
from tests.crash.points import POINTS, SAID

UNKNOWN_TO_THE_STORE = ("accepted", "committing")
SEEN_BY_THE_CALLER = ("acknowledged", "told")


@pytest.mark.parametrize("point", [*POINTS, *SAID])
def test_a_self_test_is_run_once_at_whatever_point_the_program_dies(program, point):
    assert program.live("one", 30, point=point) == -9
    program.last_life()
    mine = [job_id for job_id, job in program.truth.found.items() if job[0] == "run_smart_test"]
    assert len(mine) == (point not in UNKNOWN_TO_THE_STORE)
    assert [test.ending for test in program.drives.models[1].tests] == [Ending.PASSED] * len(mine)
    for job_id in mine:
        status, answer, error, *_ = program.truth.told[job_id]
        assert (status, answer, error) == ("COMPLETED", "True", None)
