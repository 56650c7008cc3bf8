"""`orchestrator token`: shown once, listed without it, ended by hand or by time."""

import json

import pytest

from orchestrator.interfaces.web.tokens import Tokens


@pytest.fixture
def token(orchestrator, tmp_path):
    """The command, on a file of its own."""

    def run(command, *words):
        return orchestrator("token", command, *words, "--file", str(tmp_path / "tokens.json"))

    return run


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "tokens.json")


def test_a_new_token_is_alone_on_standard_output_and_lets_its_owner_in(token, tokens):
    said = token("add", "bench", "--scope", "run", "--days", "90")
    found = tokens.check(said.out.removesuffix("\n"))
    assert found.name == "bench" and found.scopes == ("run",)
    assert (found.expires - found.created).days == 90
    assert "not shown again" in said.err and said.out.strip() not in said.err


def test_json_has_the_token_and_all_that_is_kept_of_it(token, tokens):
    said = json.loads(token("add", "bench", "--scope", "read", "--scope", "admin", "--json").out)
    assert tokens.check(said["token"]).id == said["id"]
    assert (said["name"], said["scopes"], said["expires"], said["expired"]) == ("bench", ["read", "admin"], None, False)


def test_a_list_names_all_and_shows_none(token):
    secret = token("add", "bench\x1b[31m", "--scope", "run").out.strip()
    token("add", "wall", "--scope", "read", "--days", "1")
    said = token("list").out
    assert "bench?[31m" in said and "wall" in said and "never" in said and "\x1b" not in said
    assert secret not in said and secret not in token("list", "--json").out
    assert [json.loads(line)["name"] for line in token("list", "--json").out.splitlines()] == ["bench\x1b[31m", "wall"]


def test_a_revoked_token_is_out(token, tokens):
    secret = token("add", "bench", "--scope", "run").out.strip()
    token_id = tokens.list()[0].id
    assert token("revoke", token_id).out.startswith(f"revoked: token {token_id}")
    assert tokens.check(secret) is None and token("list", "--json").out == ""
    again = token("revoke", token_id)
    assert again.status == 2 and "list the tokens" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "bench", "--scope", "root"), "read, run or admin"),
        (("add", " ", "--scope", "run"), "a name"),
        (("add", "bench"), "--scope"),
        (("add", "bench", "--scope", "run", "--days", "0"), "--days is 0"),
        (("add", "bench", "--scope", "run", "--days", "nan"), "--days is nan"),
    ],
)
def test_what_is_no_token_is_told(token, tokens, words, said):
    ran = token(*words)
    assert ran.status == 2 and said in ran.err
    assert tokens.list() == ()


def test_left_to_itself_it_is_kept_in_the_state_folder(orchestrator, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    secret = orchestrator("token", "add", "bench", "--scope", "run").out.strip()
    assert Tokens(tmp_path / "state" / "tokens.json").check(secret)
