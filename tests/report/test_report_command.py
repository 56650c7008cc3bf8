"""`orchestrator report`: from a store and from a service, to stdout and to a file."""

import json

import pytest

from orchestrator.interfaces.report.record import STATEMENT
from tests.adapters.store.days import PASS, Day, drive
from tests.interfaces.conftest import orchestrator  # noqa: F401 -- a fixture
from tests.interfaces.kept import hostile_day, is_tame, keep


@pytest.fixture
def config(tmp_path):
    """1 ended, 2 runs."""
    day = Day()
    day.slot(1, drive(1))
    day.run(day.accept(1, options='{"kind":"extended","spans":null,"poll_s":null}'))
    day.complete(1, verdict=PASS)
    day.run(day.accept(1))
    return keep(tmp_path, day)


def test_it_is_html_unless_another_form_is_asked_for(orchestrator, config):  # noqa: F811
    said = orchestrator("report", "1", "--config", config)
    assert said.status == 0 and said.out.startswith("<!DOCTYPE html>") and STATEMENT in said.out
    assert json.loads(orchestrator("report", "1", "--config", config, "--format", "json").out)["run"]["job_id"] == 1
    assert orchestrator("report", "1", "--config", config, "--format", "junit").out.startswith("<?xml")
    assert orchestrator("report", "1", "--config", config, "--format", "csv").out.startswith("serial,job,")


def test_a_file_is_written_whole_with_the_rights_of_any_other(orchestrator, config, tmp_path):  # noqa: F811
    path = tmp_path / "job.html"
    path.write_text("old")
    said = orchestrator("report", "1", "--config", config, "--output", str(path))
    assert (said.status, said.out) == (0, "")
    assert path.read_text() == orchestrator("report", "1", "--config", config).out
    assert list(tmp_path.glob(".job*")) == []
    beside = tmp_path / "plain"
    beside.touch()
    assert path.stat().st_mode == beside.stat().st_mode


def test_where_it_cannot_be_written_nothing_is_left(orchestrator, config, tmp_path):  # noqa: F811
    (tmp_path / "folder").mkdir()
    for output in (tmp_path / "nowhere" / "x.html", tmp_path / "folder"):
        said = orchestrator("report", "1", "--config", config, "--output", str(output))
        assert said.status == 2 and "cannot be written" in said.err
    assert list(tmp_path.glob(".*")) == []


def test_an_open_job_is_refused_with_the_way_to_wait(orchestrator, config, tmp_path):  # noqa: F811
    said = orchestrator("report", "2", "--config", config, "--output", str(tmp_path / "x"))
    assert said.status == 1 and "job 2 is RUNNING; `orchestrator wait 2` waits for it" in said.err
    assert not (tmp_path / "x").exists()


def test_what_is_wrong_is_said_with_its_remedy(orchestrator, config):  # noqa: F811
    said = orchestrator("report", "1", "--config", config, "--format", "pdf")
    assert said.status == 2 and "html, json, junit or csv" in said.err
    said = orchestrator("report", "99", "--config", config)
    assert said.status == 2 and "99" in said.err


def test_a_service_gives_the_same_as_its_store(orchestrator, kept):  # noqa: F811
    job = kept.jobs["intake"]
    for form in ("html", "json", "junit", "csv"):
        said = orchestrator("report", str(job), "--url", kept.url, "--format", form)
        assert said.status == 0 and said.out.splitlines() == kept.form("intake", form).decode().splitlines()


def test_a_terminal_is_not_filled_with_html(orchestrator, config, monkeypatch):  # noqa: F811
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    said = orchestrator("report", "1", "--config", config)
    assert said.status == 2 and "--output job-1.html" in said.err and said.out == ""
    assert orchestrator("report", "1", "--config", config, "--format", "csv").status == 0


def test_hostile_words_from_a_store_are_tame(orchestrator, tmp_path):  # noqa: F811
    config = keep(tmp_path, hostile_day())
    for form in ("html", "json", "junit", "csv"):
        said = orchestrator("report", "1", "--config", config, "--format", form)
        assert said.status == 0 and is_tame(said.out.replace("\r", ""))
