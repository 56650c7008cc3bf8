"""The contract holds on the command line: its tests, each call a command with --json at a service."""

import json
import re
from pathlib import Path

import pytest

from orchestrator import errors
from orchestrator.interfaces import reach, run_command
from orchestrator.operations.declare import collect
from orchestrator.rack import Rack
from orchestrator.remote.rack import RemoteRack
from tests.remote.by_command import ByCommand, as_process, in_process
from tests.remote.conftest import contract
from tests.simulation.racks import stumble, two_steps, walk
from tests.test_contract import SOON, until

TYPES = "every word of a command line is text: there are no numbers, lists and nothings to be told apart"
TOLD_OTHERWISE = {
    "test_a_slot_id_of_another_type_is_unknown": TYPES,
    "test_a_job_id_of_another_type_is_unknown": TYPES,
    "test_a_number_of_another_type_is_invalid": TYPES,
    "test_a_result_checks_the_operation_between_the_two": "`result` and `wait` take the job's own operation",
    "test_events_tell_a_jobs_life_in_order": "changes within 100 ms are one event: test_events",
    "test_events_begin_at_the_call_and_not_when_they_are_first_asked_for": "as above",
    "test_a_reader_that_is_too_slow_gets_one_gap": "it looks into the journal: test_events",
}


@pytest.fixture(scope="module", autouse=True)
def installed():
    """The operations of the tests, as if a user's package had brought them; and patience on a slow machine."""
    with pytest.MonkeyPatch.context() as patch:
        known = collect() | {op.name: op for op in (walk, two_steps, stumble)}
        patch.setattr(run_command, "collect", lambda: known)
        patch.setattr(reach, "FIRST_S", SOON)
        yield


@pytest.fixture
def rack(near, served):
    yield from by_command(near, served)


@pytest.fixture
def slow_rack(slow_near, served):
    yield from by_command(slow_near, served)


@pytest.fixture(scope="module")
def listed(served):
    """One for all the lists: they change nothing."""
    with Rack.simulated(slots=3, speed=100_000.0, seed=7) as near:
        for rack in by_command(near, served):
            rack.ids = [rack.run_smart_test(ref, slot) for ref, slot in ((1, 1), (2, 2), (1, 3))]
            rack.ids.append(rack.read_health(2, 1))
            rack.wait(rack.ids, timeout=SOON)
            yield rack


def by_command(near, served):
    with served.over(near) as url:
        rack = ByCommand(url, near)
        yield rack
        rack.close()


globals().update(contract(*TOLD_OTHERWISE))


COMMANDS = {
    "jobs --json --limit 1": 0,
    "wait --json 1 2 3": 1,
    "cancel --json 99": 2,
    "run smart-test --json --no-wait 9": 2,
    "run smart-test --json --no-wait --depth 3 1": 2,
}
"""And the exit status of each."""


def test_a_shell_gets_what_the_entry_point_gives_here(near, served, monkeypatch):
    """The contract's commands run in this process: a process of its own says the same, on both outputs."""
    near.simulation.inject(2, "health_failed")
    near.simulation.inject(3, "unreadable")
    near.wait([near.read_health(1, slot_id) for slot_id in (1, 2, 3)], SOON)
    with served.over(near) as url:
        monkeypatch.setenv("ORCHESTRATOR_URL", url)
        for command, status in COMMANDS.items():
            said = as_process(*command.split())
            assert said == in_process(*command.split()) and said.status == status, command


def test_the_id_of_a_job_is_told_though_the_service_is_gone_when_it_is_to_be_shown(near, served, monkeypatch):
    def gone(*_):
        raise errors.Unreachable("gone")

    with served.over(near) as url:
        monkeypatch.setattr(RemoteRack, "get_job_status", gone)
        said = in_process("run", "read-health", "3", "--no-wait", "--url", url)
    (job,) = near.get_jobs_list()
    assert said.status == 1 and f"`orchestrator wait {job.id}`" in said.err


def test_the_error_on_the_page_is_the_one_that_is_told(near, served):
    page = (Path(__file__).parents[2] / "docs" / "remote.md").read_text()
    (shown,) = re.findall(r"```json\n(.*?)\n```", page)
    near.simulation.pull(3)
    until(lambda: near.slots()[2].drive is None)
    with served.over(near) as url:
        said = in_process("run", "smart-test", "3", "--no-wait", "--json", "--url", url)
    assert json.loads(said.err) == json.loads(shown)


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        ("run smart-test --no-wait 1 --simulated", 2, "invalid_argument"),
        ("run smart-test 1 --simulated --parent 7", 2, "unknown_job"),
        ("run smart-tset 1 --simulated", 2, "unknown_operation"),
        ("run smart-test one --simulated", 2, "invalid_argument"),
        ("run smart-test 1 --no-wait --config {file}", 1, "refused"),
        ("slots --config /no/rack.yaml", 2, "config_error"),
        ("jobs --status mood", 2, "invalid_argument"),
        ("no-such-command", 2, "invalid_argument"),
    ],
)
def test_with_json_an_error_is_an_object_with_its_code(command, status, code, tmp_path):
    file = tmp_path / "rack.yaml"
    file.write_text("simulated: {slots: 1}")
    said = in_process(*command.format(file=file).split(), "--json")
    assert (said.status, said.out, said.err.count("\n")) == (status, "", 1)
    error = json.loads(said.err)
    assert error["code"] == code and error["text"]
    assert set(error) == {"code", "text", "remedy", "slot_id", "serial"}


def test_a_job_that_is_left_to_the_service_is_told_as_it_is_opened(near, served, monkeypatch):
    with served.over(near) as url:
        monkeypatch.setenv("ORCHESTRATOR_URL", url)
        said = in_process("run", "smart-test", "2", "--no-wait", "--client-ref", "42")
        (job,) = near.get_jobs_list()
        assert said.status == 0 and f"job {job.id}: slot 2: " in said.out
        assert f"`orchestrator wait {job.id}` waits for its end" in said.out
        assert (job.client_ref, job.slot_id) == (42, 2)
        assert in_process("jobs", "--count", "--client-ref", "42").out.splitlines()[-1] == "1 job matches"
        assert in_process("run", "read-health", "2", "--client-ref", "43").status == 0
        assert near.get_jobs_list().items[-1].client_ref == 43
