"""The contract holds over HTTP too: its tests run against a rack that is reached by REST alone.

What happens to drives still goes through the simulation, which is no part of the service.
"""

import dataclasses
import inspect
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pydantic
import pytest

from orchestrator import AsyncJob, ListInfo, Rack, ResultSet, errors
from orchestrator.model.slot import SlotInfo
from orchestrator.operations.declare import Operation
from tests import test_contract
from tests.web.conftest import in_process

NOT_BY_HTTP = {
    "test_any_other_client_ref_is_invalid": "JSON has no word for some of them; test_api has those it has",
    "test_a_slot_that_is_not_there_is_unknown": "as above",
    "test_a_job_nobody_opened_is_unknown": "as above",
    "test_an_operation_nobody_declared_is_unknown": "attributes are the facade's",
    "test_a_reader_that_is_too_slow_gets_one_gap": "the events have a form of their own here: test_events",
    "test_events_tell_a_jobs_life_in_order": "as above",
    "test_events_begin_at_the_call_and_not_when_they_are_first_asked_for": "as above",
    "test_events_of_slots_tell_that_a_drive_left": "as above",
    "test_wait_gives_the_jobs_in_the_order_asked": "a call of the facade's own",
    "test_wait_says_so_when_the_time_is_up": "as above",
}


class Remote:
    """A rack by REST: the calls of the contract, as a client would write them."""

    ids: Sequence[int] = ()

    def __init__(self, client, rack):
        self._client, self.simulation = client, rack.simulation
        self._answers = {name: pydantic.TypeAdapter(op.answer_type) for name, op in rack.operations.items()}

    def _ask(self, method, path, **options):
        answer = self._client.request(method, f"/api/v1/{path}", **options)
        if answer.is_success:
            return answer.json()
        problem = answer.json()
        kind = errors.BY_CODE.get(problem["code"], errors.OrchestratorError)
        raise kind(problem["detail"], remedy=problem["remedy"], slot_id=problem["slot_id"], serial=problem["serial"])

    def start(self, operation, client_ref, slot_id, parent=None, /, **options):
        name = operation.name if isinstance(operation, Operation) else operation
        body = {"client_ref": client_ref, "slot_id": slot_id, "options": options, "parent": parent}
        return self._ask("POST", f"operations/{name}", json=body)["id"]

    def result(self, operation, job_id, timeout=None):
        name = operation.name if isinstance(operation, Operation) else operation
        if (found := self.get_job_status(job_id).name) != name:
            raise errors.WrongOperation(f"job {job_id} is a {found}")
        answer = self._ask("GET", f"jobs/{job_id}/result", params={"wait": 60 if timeout is None else timeout})
        return self._answers[name].validate_python(answer["answer"])

    def get_job_status(self, job_id):
        return job_of(self._ask("GET", f"jobs/{job_id}"))

    def get_jobs_list(self, info=None):
        asked = {name: value for name, value in dataclasses.asdict(info or ListInfo()).items() if value is not None}
        found = self._ask("GET", "jobs", params=asked | {"status": int(info.status)} if info and info.status else asked)
        return ResultSet(
            found["total"], tuple(map(job_of, found["items"])), found["offset"], (info or ListInfo()).limit
        )

    def wait(self, job_ids, timeout):
        for job_id in job_ids:
            self._client.get(f"/api/v1/jobs/{job_id}/result", params={"wait": timeout})
        return tuple(map(self.get_job_status, job_ids))

    def slots(self):
        slots = self._ask("GET", "slots")["items"]
        return tuple(pydantic.TypeAdapter(SlotInfo).validate_python(slot) for slot in slots)

    def release_slot(self, slot_id):
        return pydantic.TypeAdapter(SlotInfo).validate_python(self._ask("POST", f"slots/{slot_id}/release"))

    def cancel_job(self, job_id):
        return job_of(self._ask("POST", f"jobs/{job_id}/cancel"))

    def pause_job(self, job_id):
        return job_of(self._ask("POST", f"jobs/{job_id}/pause"))

    def resume_job(self, job_id):
        return job_of(self._ask("POST", f"jobs/{job_id}/resume"))

    def __getattr__(self, name):
        if name.endswith("_result"):
            return lambda job_id, timeout=None: self.result(name.removesuffix("_result"), job_id, timeout)
        return lambda client_ref, slot_id, parent=None, **options: self.start(
            name, client_ref, slot_id, parent, **options
        )


JOB = pydantic.TypeAdapter(AsyncJob)


def job_of(found):
    assert found.pop("status_name") == name_of(found["status"])
    assert all(found[name] is None or datetime.fromisoformat(found[name]).tzinfo for name in ("accepted", "ended"))
    return JOB.validate_python(found)


def name_of(status):
    return {-1: "UNKNOWN", 1: "INIT", 2: "RUNNING", 3: "PAUSED", 4: "COMPLETED", 5: "FAILED"}[status]


@pytest.fixture
def remote(rack, loop):
    with in_process(rack, loop) as client:
        yield Remote(client, rack)


@pytest.fixture
def slow_remote(slow_rack, loop):
    with in_process(slow_rack, loop) as client:
        yield Remote(client, slow_rack)


def by_rest(test):
    """The contract's test, with the remote rack in the place of the one in this process."""
    taken = {"rack": "remote", "slow_rack": "slow_remote", "listed": "listed_remote"}

    def play(**fixtures):
        test(**{name: fixtures[taken.get(name, name)] for name in inspect.signature(test).parameters})

    names = [taken.get(name, name) for name in inspect.signature(test).parameters]
    run: Any = play
    run.__signature__ = inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names])
    run.pytestmark = getattr(test, "pytestmark", [])
    return run


@pytest.fixture(scope="module")
def listed_remote(loop):
    """One for all the lists: they change nothing."""
    with Rack.simulated(slots=3, speed=100_000.0, seed=7) as rack, in_process(rack, loop) as client:
        remote = Remote(client, rack)
        ids = [remote.run_smart_test(ref, slot) for ref, slot in ((1, 1), (2, 2), (1, 3))] + [remote.read_health(2, 1)]
        remote.wait(ids, timeout=20.0)
        remote.ids = ids
        yield remote


RACKS = {"rack", "slow_rack", "listed"}
for name, test in vars(test_contract).items():
    if name.startswith("test_") and name not in NOT_BY_HTTP and RACKS & inspect.signature(test).parameters.keys():
        globals()[name] = by_rest(test)


def test_what_is_left_out_is_still_in_the_contract():
    assert {name for name in NOT_BY_HTTP if not hasattr(test_contract, name)} == set()
