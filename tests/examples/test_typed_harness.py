"""mypy --strict on a user's harness: it knows what the pairs take and give."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HARNESS = """\
from orchestrator import AsyncJob, ListInfo, Rack, Verdict
from orchestrator.operations.self_test import run_smart_test

with Rack.simulated(slots=4) as rack:
    job_id: int = rack.run_smart_test(1, 3, kind="extended")
    device_ok: bool = rack.run_smart_test_result(job_id)
    verdict: Verdict = rack.read_health_result(rack.read_health(1, 3), timeout=5)
    jobs: tuple[AsyncJob, ...] = rack.get_jobs_list(ListInfo(name_starts_with="run_")).items
    same: bool = rack.result(run_smart_test, rack.start(run_smart_test, 1, 3, kind="short"))
    reveal_type(rack.run_smart_test_result(job_id))
"""


@pytest.fixture
def mypy(tmp_path):
    def run(text: str) -> str:
        path = tmp_path / "harness.py"
        path.write_text(text)
        command = (sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(path))
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False).stdout

    return run


def test_a_harness_is_clean_and_knows_the_answers_type(mypy):
    assert [line.split(": ", 1)[1] for line in mypy(HARNESS).splitlines()] == ['note: Revealed type is "bool"']


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('kind="extended"', 'kind="long"', 'Argument "kind" to "run_smart_test" of "Pairs" has incompatible type'),
        ("device_ok: bool", "device_ok: str", 'expression has type "bool", variable has type "str"'),
        ('1, 3, kind="short"', '1, 3, speed="short"', 'No overload variant of "start" of "Pairs" matches'),
    ],
)
def test_a_mistake_in_a_harness_is_found_before_it_runs(mypy, right, wrong, says):
    assert right in HARNESS
    assert says in mypy(HARNESS.replace(right, wrong))
