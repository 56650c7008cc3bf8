"""Tokens: shown once, kept as a hash in a file of our own, ended by time or by hand."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator import errors
from orchestrator.interfaces.web.tokens import Scope, Tokens

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Clocks:
    """The wall's, which can be set back, and the one that cannot."""

    def __init__(self):
        self.wall, self.steady = NOW, 0.0

    def open(self, path):
        return Tokens(path, now=lambda: self.wall, monotonic=lambda: self.steady)


def test_a_token_has_256_bits_and_is_nowhere_in_the_file(tokens):
    secret = tokens.add("bench", ["run"])
    assert len(secret.removeprefix("dto_")) == 43
    text = tokens.path.read_text()
    assert secret not in text and secret.removeprefix("dto_") not in text
    assert tokens.check(secret).name == "bench"


def test_the_file_is_read_by_nobody_else(tokens):
    tokens.add("bench", ["read"])
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    tokens.path.chmod(0o640)
    with pytest.raises(errors.ConfigError, match="may be read by others"):
        Tokens(tokens.path).list()


def test_nothing_but_the_token_itself_comes_in(tokens):
    secret = tokens.add("bench", ["read"])
    for wrong in ("", "x", secret[:-1], secret + "x", secret.lower(), tokens.list()[0].sha256, "\udc80", "é" * 99):
        assert tokens.check(wrong) is None


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [(["read"], "read"), (["run"], "read run"), (["admin"], "read run admin"), (["run", "read"], "read run")],
)
def test_a_scope_includes_those_below_it(tokens, scopes, allowed):
    assert tokens.check(tokens.add("bench", scopes)).allowed == {Scope(word) for word in allowed.split()}


@pytest.mark.parametrize("wrong", [["destructive"], ["Read"], [], [""]])
def test_a_scope_that_is_none_is_invalid(tokens, wrong):
    with pytest.raises(errors.InvalidArgument):
        tokens.add("bench", wrong)
    assert tokens.list() == ()


def test_a_token_without_a_name_or_without_a_life_is_invalid(tokens):
    with pytest.raises(errors.InvalidArgument):
        tokens.add(" ", ["read"])
    with pytest.raises(errors.InvalidArgument):
        tokens.add("bench", ["read"], lifetime=timedelta(0))


def test_a_revoked_token_is_out_at_once_also_in_another_process(tokens):
    service = Tokens(tokens.path)
    keep, gone = tokens.add("keep", ["read"]), tokens.add("gone", ["read"])
    token = service.check(gone)
    assert tokens.revoke(token.id) == token
    assert service.check(gone) is None and service.check(keep) is not None and not service.is_alive(token.id)
    with pytest.raises(errors.NotFound):
        tokens.revoke(token.id)


def test_an_expired_token_stays_out_when_the_clock_is_set_back(tmp_path):
    clocks = Clocks()
    tokens = clocks.open(tmp_path / "tokens.json")
    secret = tokens.add("bench", ["read"], lifetime=timedelta(hours=1))
    assert tokens.check(secret)
    clocks.steady += 3600
    assert tokens.check(secret) is None, "an hour has passed, whatever the wall clock says"
    clocks.steady, clocks.wall = 0.0, NOW + timedelta(hours=1)
    assert tokens.check(secret) is None


def test_an_expiry_holds_over_a_restart(tmp_path):
    clocks = Clocks()
    secret = clocks.open(tmp_path / "tokens.json").add("bench", ["read"], lifetime=timedelta(hours=1))
    clocks.wall += timedelta(hours=2)
    assert clocks.open(tmp_path / "tokens.json").check(secret) is None


def test_writers_at_the_same_time_lose_no_token(tmp_path):
    path = tmp_path / "tokens.json"
    writers = [threading.Thread(target=lambda n=n: Tokens(path).add(f"t{n}", ["read"])) for n in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert {token.name for token in Tokens(path).list()} == {f"t{n}" for n in range(16)}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tokens": [{}]}', '{"tokens": 1}', '{"tokens": [{"id": 1}]}'])
def test_a_file_that_is_none_of_ours_lets_nobody_in(tmp_path, text):
    path = tmp_path / "tokens.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(errors.ConfigError, match=r"tokens\.json"):
        Tokens(path).check("x")


def test_a_write_that_breaks_off_leaves_the_file_as_it_was(tokens, monkeypatch):
    secret = tokens.add("bench", ["read"])
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(errors.ConfigError, match="disk full"):
        tokens.add("second", ["read"])
    assert [token["name"] for token in json.loads(tokens.path.read_text())["tokens"]] == ["bench"]
    assert Tokens(tokens.path).check(secret)
    assert [path.name for path in tokens.path.parent.iterdir() if "lock" not in path.name] == ["tokens.json"]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.ConfigError, match="cannot be written"):
        Tokens(tmp_path / "file" / "tokens.json").add("bench", ["read"])
