"""The document is exact: whatever it allows or forbids, no answer is a server's error or of another shape.

ORCHESTRATOR_FULL=1 makes 10,000 cases of 1,000. The live events have no end and are left to test_events.
"""

import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from orchestrator import Rack
from tests.web.conftest import in_process

CASES = 10_000 if os.environ.get("ORCHESTRATOR_FULL") else 1_000
STORIES = 50 if os.environ.get("ORCHESTRATOR_FULL") else 15
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
QUIET = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate, Phase.shrink],
}


@pytest.fixture(scope="module")
def client(loop):
    with Rack.simulated(slots=3, speed=1e6, seed=7) as rack, in_process(rack, loop) as client:
        yield client


@pytest.fixture(scope="module")
def schema(client):
    document = client.get("/api/v1/openapi.json").json()
    return schemathesis.openapi.from_dict(document).exclude(path="/api/v1/events")


def send(client, case):
    """As the case says, but waits for no job's end longer than a moment."""
    asked = case.as_transport_kwargs(base_url="http://localhost")
    body = asked.pop("data", None)
    headers = {name: value.encode("latin-1", "replace") for name, value in asked.pop("headers").items()}
    params = dict(asked.pop("params", None) or {})
    if isinstance(params.get("wait"), int | float):
        params["wait"] = min(params["wait"], 0.02)
    content = body if isinstance(body, bytes | str) or body is None else str(body)
    answer = client.request(
        asked["method"],
        asked["url"],
        headers=headers,
        params=params,
        content=content,
        **({"json": asked["json"]} if "json" in asked else {}),
    )
    answer.elapsed = timedelta(0)  # schemathesis asks for it
    return answer


def cases(client, operation, mode, count):
    """Send so many, and say how many there were."""
    sent = []
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=count, **QUIET)
    def keep(case):
        sent.append(case)
        case.validate_response(send(client, case), checks=checks)

    with suppress(Unsatisfiable):  # a route that takes nothing has no wrong cases
        keep()
    return len(sent)


def test_every_route_keeps_to_the_document(client, schema):
    operations = [found.ok() for found in schema.get_all_operations()]
    varied = [one for one in operations if list(one.iter_parameters()) or one.body]
    assert len(operations) >= 20 and len(varied) >= 14
    each = CASES // (2 * len(varied)) + 1
    sent = sum(cases(client, one, mode, each) for one in varied for mode in MODES)
    sent += sum(cases(client, one, GenerationMode.POSITIVE, 1) for one in operations if one not in varied)
    assert sent >= CASES * 0.9


def test_what_follows_a_start_keeps_to_the_document(client, schema):
    """Stateful: the id of an accepted job is taken along the document's links."""
    machine: Any = schema.as_state_machine()
    followed = set()

    class Story(machine):  # type: ignore[misc]
        def call(self, case, **kwargs):
            if isinstance(case.body, dict) and "slot_id" in case.body:
                case.body |= {
                    "slot_id": 1,
                    "parent": None,
                }  # nobody guesses them
            followed.add(case.operation.path)
            return Response.from_any(send(client, case))

        def validate_response(self, response, case, **kwargs):
            case.validate_response(response, checks=CHECKS)

    run_state_machine_as_test(Story, settings=settings(max_examples=STORIES, stateful_step_count=20, **QUIET))
    assert {"/api/v1/jobs/{job_id}", "/api/v1/jobs/{job_id}/result"} <= followed


def test_every_schema_is_made_from_its_record(client, schema):
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    job = client.post("/api/v1/operations/read_health", json={"client_ref": 1, "slot_id": 1}).json()
    assert list(schemas["AsyncJob"]["required"]) == [*(name for name in job if name != "status_name"), "status_name"]
    assert schemas["StartRunSmartTest"]["additionalProperties"] is False
