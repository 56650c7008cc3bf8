"""Where the owner of a rack file answers: told beside its lock, and believed of those who may say it."""

import fcntl
import os

import pytest

from orchestrator.adapters.owner import Owner, address_of_owner, announce

URL = "http://127.0.0.1:8080"


@pytest.fixture
def rack_file(tmp_path):
    file = tmp_path / "rack.yaml"
    file.write_text("slots: {}\n")
    return file


def test_the_owner_says_where_it_answers_until_it_goes(rack_file, tmp_path):
    assert address_of_owner(rack_file, tmp_path) == ""
    owned = Owner(rack_file, tmp_path)
    assert address_of_owner(rack_file, tmp_path) == ""
    announce(rack_file, URL, tmp_path)
    assert address_of_owner(rack_file, tmp_path) == URL
    owned.release()
    assert address_of_owner(rack_file, tmp_path) == "", "nobody owns it now"


def test_the_next_owner_does_not_answer_where_the_last_one_did(rack_file, tmp_path):
    first = Owner(rack_file, tmp_path)
    announce(rack_file, URL, tmp_path)
    first.release()
    second = Owner(rack_file, tmp_path)
    assert address_of_owner(rack_file, tmp_path) == ""
    second.release()


def test_who_does_not_own_the_file_says_nothing(rack_file, tmp_path, monkeypatch):
    owned = Owner(rack_file, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)
        announce(rack_file, URL, tmp_path)
    assert address_of_owner(rack_file, tmp_path) == ""
    owned.release()


def test_another_users_lock_is_not_believed(rack_file, tmp_path, monkeypatch):
    owned = Owner(rack_file, tmp_path)
    announce(rack_file, URL, tmp_path)
    real = os.fstat
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", lambda fd: os.stat_result([*real(fd)[:4], 12345, *real(fd)[5:]]))
        assert address_of_owner(rack_file, tmp_path) == ""
    assert address_of_owner(rack_file, tmp_path) == URL
    owned.release()


def test_to_look_takes_no_lock_that_would_keep_an_owner_out(rack_file, tmp_path, monkeypatch):
    Owner(rack_file, tmp_path).release()
    taken = []
    monkeypatch.setattr(fcntl, "flock", lambda *words: taken.append(words))
    address_of_owner(rack_file, tmp_path)
    assert taken == []
