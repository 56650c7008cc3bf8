"""Suites that a file names: a plan's step, a recipe's step; and what a person reads of them on the terminal."""

import pytest

from orchestrator import Rack
from orchestrator.interfaces.outcome import plain
from orchestrator.model.errors import ConfigError
from orchestrator.model.job import ListInfo, OpenedBy
from orchestrator.model.verdict import VerdictStatus
from tests.interfaces.conftest import orchestrator
from tests.suites.conftest import SOON, until

__all__ = ["orchestrator"]
THREE = """
    def test_identity(drive, slot):
        assert drive.serial == slot.drive.serial

    def test_health(drive):
        assert drive.read_health().status == "pass"

    def test_speed(drive):
        drive.measure("seq_read", 512, unit="MB/s", at_least=450)
"""
PLAN = """
simulated: {slots: 2, speed: 1000}
store: none
plan:
  on_start: test
  on_insert: [{run_pytest: {path: qualification, args: "-k 'not speed'", timeout_s: 300}}]
"""


def test_a_plan_runs_a_suite_that_lies_beside_the_rack_file(suite, tmp_path, monkeypatch):
    suite(THREE)
    (tmp_path / "rack.yaml").write_text(PLAN)
    monkeypatch.chdir("/")
    with Rack.from_config(tmp_path / "rack.yaml") as rack:
        until(lambda: rack.get_jobs_list(ListInfo(name_starts_with="run_pytest")).total == 2)
        jobs = rack.wait([job.id for job in rack.get_jobs_list(ListInfo(name_starts_with="run_pytest"))], SOON)
        newcomer = rack.simulation.pull(1) and rack.simulation.insert(1)
        (third,) = until(lambda: rack.get_jobs_list(ListInfo(name_starts_with="run_pytest", serial=newcomer)).items)
        (third,) = rack.wait([third.id], SOON)
        for job in (*jobs, third):
            assert (job.opened_by, job.verdict.status) == (OpenedBy.PLUG, VerdictStatus.PASS)
            names = [case.name for case in rack.run_pytest_result(job.id).cases]
            assert names == ["test_drive.py::test_identity", "test_drive.py::test_health"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("path: nowhere", "nowhere'; no such file"),
        ("path: '', args: x", "no such file"),
        ("args: x", "needs the option"),
    ],
)
def test_a_file_with_a_suite_that_is_not_there_is_refused_with_its_place(tmp_path, wrong, said):
    (tmp_path / "rack.yaml").write_text(f"simulated: {{}}\nplan:\n  on_insert: [{{run_pytest: {{{wrong}}}}}]\n")
    with pytest.raises(ConfigError, match=said) as told:
        Rack.from_config(tmp_path / "rack.yaml")
    assert "rack.yaml:3:" in str(told.value)


def test_a_recipe_runs_a_suite_and_holds_its_measurements_to_limits(suite, tmp_path):
    suite(THREE)
    (tmp_path / "rack.yaml").write_text("simulated: {slots: 1, speed: 1000}\nstore: none\n")
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/team.yaml").write_text(
        "summary: the team's own tests\n"
        "steps:\n"
        "  - read_health\n"
        "  - run_pytest: {path: ../qualification}\n"
        "    limits: {seq_read: {at_least: 600}}\n"
    )
    with Rack.from_config(tmp_path / "rack.yaml") as rack:
        job_id = rack.run_recipe(1, 1, name="team")
        result = rack.run_recipe_result(job_id, timeout=SOON)
        assert rack.get_job_status(job_id).verdict.status is VerdictStatus.FAIL
        assert result.steps[1].measurements[0].value == 512
        suites = rack.get_jobs_list(ListInfo(name_starts_with="run_pytest"))
        assert [(job.parent_id, job.verdict.status) for job in suites] == [(job_id, VerdictStatus.PASS)]
        (health,) = [job for job in rack.get_jobs_list() if job.parent_id == suites.items[0].id]
        assert health.name == "read_health"


def test_the_command_shows_the_tests_as_a_table_and_no_xml(orchestrator, suite, tmp_path, monkeypatch):
    suite(THREE.replace("512", "300"))
    monkeypatch.chdir(tmp_path)
    said = orchestrator("run", "pytest", "2", "--path", "qualification", "--simulated")
    assert said.status == 1
    assert "run_pytest: FAIL" in said.out and "<?xml" not in said.out
    rows = [line.split() for line in said.out.splitlines() if line.startswith("test_drive.py::test_")]
    assert [row[:2] for row in rows[:3]] == [
        ["test_drive.py::test_identity", "passed"],
        ["test_drive.py::test_health", "passed"],
        ["test_drive.py::test_speed", "failed"],
    ]


def test_the_command_refuses_a_wrong_path_before_any_job(orchestrator):
    said = orchestrator("run", "pytest", "2", "--path", "nowhere", "--simulated")
    assert said.status == 2 and "no such file" in said.err


def test_the_answer_is_plain_data(rack, suite):
    result = rack.run_pytest_result(rack.run_pytest(1, 1, path=str(suite(THREE))), timeout=SOON)
    found = plain(result)
    assert found["cases"][2]["measurements"][0]["name"] == "seq_read" and found["junit"].startswith("<?xml")
