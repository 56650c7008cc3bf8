"""Running a suite is running code on the rack's host: over the network it takes a token of the scope admin."""

import pytest

from orchestrator import Rack
from orchestrator.interfaces.web.server import serve_http
from orchestrator.interfaces.web.tokens import Scope, Tokens
from orchestrator.model.errors import InvalidArgument, NotPermitted
from orchestrator.model.job import ListInfo
from tests.suites.conftest import SOON
from tests.web.conftest import client_of

START = "/api/v1/operations/run_pytest"


@pytest.fixture
def order(suite):
    folder = suite("def test_a(drive): assert drive.serial")
    return {"client_ref": 1, "slot_id": 1, "options": {"path": str(folder)}}


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "tokens.json")


def test_a_token_of_the_scope_admin_runs_a_suite_and_no_lesser_one_does(rack, tokens, order):
    secrets = {scope: tokens.add(scope.value, [scope]) for scope in Scope}
    with serve_http(rack, port=0, tokens=tokens) as server:
        for scope in (Scope.READ, Scope.RUN):
            with client_of(server, secrets[scope]) as client:
                answer = client.post(START, json=order)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
            assert "token" in answer.json()["remedy"] or scope is Scope.READ
        assert rack.get_jobs_list(ListInfo()).total == 0
        with client_of(server, secrets[Scope.ADMIN]) as client:
            answer = client.post(START, json=order)
        assert answer.status_code == 202
        assert rack.run_pytest_result(answer.json()["id"], timeout=SOON).exit_status == 0


def test_without_tokens_nobody_runs_a_suite_over_a_port_not_even_from_this_host(rack, order):
    """A port of this host is open to every user on it."""
    with serve_http(rack, port=0) as server, client_of(server) as client:
        answer = client.post(START, json=order)
        assert answer.status_code == 403
        assert "orchestrator token add" in answer.json()["remedy"]
        assert client.post("/api/v1/operations/read_health", json=order | {"options": {}}).status_code == 202
    assert [job.name for job in rack.get_jobs_list()] == ["read_health"]


def test_a_token_that_is_named_like_the_host_itself_is_a_token(rack, tokens, order):
    secret = tokens.add("local", [Scope.ADMIN])
    with serve_http(rack, port=0, tokens=tokens) as server, client_of(server, secret) as client:
        assert client.post(START, json=order).status_code == 202


def test_a_remote_rack_runs_a_suite_that_lies_on_the_racks_host(rack, tokens, order):
    secrets = {scope: tokens.add(scope.value, [scope]) for scope in Scope}
    path = order["options"]["path"]
    with serve_http(rack, port=0, tokens=tokens) as server:
        with Rack.connect(server.url, token=secrets[Scope.RUN]) as remote, pytest.raises(NotPermitted, match="admin"):
            remote.run_pytest(1, 1, path=path)
        with Rack.connect(server.url, token=secrets[Scope.ADMIN]) as remote:
            result = remote.run_pytest_result(remote.run_pytest(1, 1, path=path), timeout=SOON)
            assert result == rack.result("run_pytest", 1) and len(result.cases) == 1
            with pytest.raises(InvalidArgument, match="no such file"):
                remote.run_pytest(1, 1, path="/no/such/suite")


@pytest.mark.parametrize(("scope", "is_open"), [(None, False), (Scope.RUN, False), (Scope.ADMIN, True)])
def test_the_form_is_open_to_those_who_may(rack, tokens, scope, is_open):
    secret = tokens.add("someone", [scope]) if scope else ""
    with serve_http(rack, port=0, tokens=tokens if scope else None) as server, client_of(server, secret) as client:
        page = client.get("/slots/1").text
    button = page[page.index('aria-label="Start Pytest"') :].partition(">")[0]
    assert ("disabled" not in button) is is_open
    assert ("takes a token of the scope" in page) is not is_open
