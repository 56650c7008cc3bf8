"""`orchestrator jobs`, `status`, `result`: from a store that nobody owns, and from one that another process writes."""

import json
import shlex
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.interfaces.records import open_records
from orchestrator.interfaces.web import encode
from orchestrator.model.job import ListInfo
from tests.adapters.store.days import MORNING, Day
from tests.interfaces.kept import SLOTS, hostile_day, is_tame, keep, some_jobs

PATIENCE_S = 60
LIVE = "simulated: {slots: 2, speed: 1}\nstore: history.db\n"
WRITER = """
import sys
from pathlib import Path
from orchestrator.adapters.store.sqlite import SqliteStore
from tests.adapters.store.days import Day
day, store = Day(), SqliteStore(Path(sys.argv[1]))
while True:
    for slot_id in (1, 2, 3):
        day.run(day.accept(slot_id))
        day.complete(day.accept(slot_id))
    store.append(day.take())
    print(len(day.jobs), flush=True)
"""


@pytest.fixture
def config(tmp_path):
    return keep(tmp_path, some_jobs())


def ids(said):
    return [json.loads(line)["id"] for line in said.out.splitlines()]


def test_every_job_is_listed_open_and_ended(orchestrator, config):
    said = orchestrator("jobs", "--config", config)
    lines = said.out.splitlines()
    assert said.status == 0
    assert [line.split()[:2] for line in lines[1:6]] == [
        ["1", "COMPLETED"],
        ["2", "COMPLETED"],
        ["3", "FAILED"],
        ["4", "RUNNING"],
        ["5", "INIT"],
    ]
    assert "fail" in lines[2]
    assert "2 (B2)" in lines[2]
    assert "its health line says FAILED" in lines[2]
    assert "plug it in again" in lines[3]
    assert "slot 1 does another job first" in lines[5]
    assert "as they were last kept" in said.out
    assert lines[-1] == "5 jobs match"


def test_a_listed_job_has_the_names_that_rest_gives_it(orchestrator, tmp_path):
    day = some_jobs()
    jobs = dict(day.jobs)
    said = orchestrator("jobs", "--config", keep(tmp_path, day), "--json")
    assert [json.loads(line) for line in said.out.splitlines()] == [
        encode.job(jobs[job_id]) | {"simulated": False} for job_id in sorted(jobs)
    ]
    assert said.err == ""


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("--status completed", [1, 2]),
        ("--status RUNNING", [4]),
        ("--status 5", [3]),
        ("--name-starts-with read_", [3, 4, 5]),
        ("--slot 2", [2, 3]),
        ("--client-ref 10", [1]),
        ("--serial SN2", [2, 3]),
        ("--serial SN2 --status failed --name-starts-with read_scan", [3]),
        ("--serial nobody", []),
        ("--descending", [5, 4, 3, 2, 1]),
        ("--order-by slot_id", [1, 4, 5, 2, 3]),
        ("--order-by name --descending", [2, 1, 4, 3, 5]),
        ("--offset 3", [4, 5]),
        ("--limit 2", [1, 2]),
        ("--limit -1", [1, 2, 3, 4, 5]),
        ("--limit 0", []),
        ("--after-id 3", [4, 5]),
        ("--after-id 3 --descending", [2, 1]),
    ],
)
def test_all_criteria_must_match(orchestrator, config, criteria, expected):
    said = orchestrator("jobs", "--config", config, "--json", *criteria.split())
    assert (said.status, ids(said)) == (0, expected)


@pytest.mark.parametrize(
    "criteria", ["", "--descending", "--slot 1 --descending", "--order-by started", "--serial SN1 --status completed"]
)
def test_a_page_tells_the_command_for_the_next_one(orchestrator, tmp_path, criteria):
    day = Day()
    for n in range(11):
        day.run(day.accept(n % 2 + 1))
        if n % 3:
            day.complete(n + 1)
    config = keep(tmp_path, day)
    whole = ids(orchestrator("jobs", "--config", config, "--json", *criteria.split()))
    arguments = ["jobs", "--config", config, "--json", "--limit", "2", *criteria.split()]
    found = []
    while arguments:
        said = orchestrator(*arguments)
        page = ids(said)
        assert 0 < len(page) <= 2
        found += page
        arguments = shlex.split(said.err.splitlines()[-1])[1:] if said.err else []
    assert found == whole


def test_a_page_says_how_many_jobs_there_are_in_all(orchestrator, config):
    text = orchestrator("jobs", "--config", config, "--limit", "2", "--slot", "1").out
    assert text.splitlines()[-2:] == [
        "3 jobs match, 2 shown; the next page:",
        f"  orchestrator jobs --config {config} --limit 2 --slot 1 --after-id 4",
    ]
    assert orchestrator("jobs", "--config", config, "--slot", "3").out == "0 jobs match\n"


def test_only_the_number_of_matches_is_told_when_that_is_asked(orchestrator, config):
    assert orchestrator("jobs", "--config", config, "--count").out == "5 jobs match\n"
    said = orchestrator("jobs", "--config", config, "--count", "--slot", "2", "--limit", "1", "--json")
    assert json.loads(said.out) == {"total": 2, "simulated": False}


def test_a_status_tells_what_is_known_of_one_job(orchestrator, config):
    text = orchestrator("status", "2", "--config", config).out
    assert text.startswith("job 2: slot 2 (B2): Model A SN2: run_smart_test\n")
    assert "status    COMPLETED\n" in text
    assert "verdict   fail\n            - its health line says FAILED\n" in text
    running = orchestrator("status", "4", "--config", config).out
    assert "RUNNING (as last kept; its progress is not)" in running
    assert json.loads(orchestrator("status", "4", "--config", config, "--json").out)["status_name"] == "RUNNING"


@pytest.mark.parametrize(
    ("job", "status", "tells"),
    [
        ("1", 0, "run_smart_test: PASS\n  answer: True\n"),
        ("2", 1, "run_smart_test: FAIL\n  answer: False\n  - its health line says FAILED\n"),
        ("3", 1, "read_scan: UNKNOWN\n  - slot 2: it is gone; plug it in again\n"),
    ],
)
def test_a_result_leaves_with_the_status_that_run_leaves_with(orchestrator, config, job, status, tells):
    said = orchestrator("result", job, "--config", config)
    assert said.status == status
    assert said.out.endswith(tells)


def test_a_result_of_an_open_job_is_no_answer(orchestrator, config):
    said = orchestrator("result", "4", "--config", config)
    assert (said.status, said.out) == (1, "")
    assert said.err == "job 4 is RUNNING as last kept; ask when it has ended\n"


def test_a_kept_result_is_what_run_said_at_once(orchestrator, rack_file):
    config = rack_file("simulated: {slots: 2}\nstore: history.db\n")
    told = json.loads(orchestrator("run", "smart-test", "1", "--config", config, "--json").out)
    kept = json.loads(orchestrator("result", str(told["id"]), "--config", config, "--json").out)
    assert kept == {name: value for name, value in told.items() if name != "label"}
    assert orchestrator("jobs", "--config", config).out.startswith("SIMULATED rack")


def test_a_job_that_was_removed_is_told_from_one_that_never_was(orchestrator, tmp_path):
    day = some_jobs()
    config = keep(tmp_path, day, keep_days=1, now=lambda: MORNING + timedelta(days=2))
    said = orchestrator("status", "1", "--config", config)
    assert (said.status, said.out) == (2, "")
    assert said.err == "job 1 is no longer kept; `store` in the rack file says how long jobs are kept\n"
    assert orchestrator("status", "99", "--config", config).err.startswith("no job 99 was ever here; ")
    assert ids(orchestrator("jobs", "--config", config, "--json")) == [4, 5]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("jobs",), "no rack was named; give its file (--config FILE)"),
        (("status", "one"), "JOB"),
        (("jobs", "--status", "odd"), "status is 'odd'; it takes one of unknown (-1), init (1), running (2)"),
        (("jobs", "--order-by", "odd"), "order_by is 'odd'; it takes one of id, name"),
        (("jobs", "--limit", "-2"), "limit is -2; it takes a whole number from -1 up"),
        (("jobs", "--order-by", "name", "--after-id", "3"), "after_id goes with the order by id"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(orchestrator, arguments, says):
    said = orchestrator(*arguments)
    assert (said.status, said.out) == (2, "")
    assert says in said.err


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        (f"{SLOTS}\nstore: none", 2, "keeps no history; leave `store: none` out of it, or name a file there"),
        ("simulated: {slots: 2}", 2, "keeps no history; say `store: FILE` in it"),
        (f"{SLOTS}\nstore: no/where.db", 1, "it begins when the rack is first run (orchestrator serve --config"),
        (f"{SLOTS}\nstore: marked.db", 1, "marked.db is gone, though jobs were kept in it; restore it, or remove"),
        (f"{SLOTS}\nstore: noise.db", 1, "it is no SQLite database"),
        (f"{SLOTS}\nstore: torn.db", 1, "it is damaged"),
        (f"{SLOTS}\nstore: newer.db", 1, "was written by a newer release (revision 9999); install that release again"),
        (f"{SLOTS}\nstore: other.db", 1, "is a database of another program; name another file"),
    ],
)
def test_a_store_that_cannot_be_read_is_one_sentence_with_the_way_out(orchestrator, rack_file, text, status, says):
    config = rack_file(text)
    folder = Path(config).parent
    keep(folder, some_jobs())
    whole = (folder / "history.db").read_bytes()
    (folder / "marked.db.ids").write_text("70\n")
    (folder / "noise.db").write_bytes(b"noise" * 1000)
    (folder / "torn.db").write_bytes(whole[:8192] + b"\x55" * (len(whole) - 8192))
    for name, sql in (("newer.db", "UPDATE alembic_version SET version_num = '9999'"), ("other.db", "DROP TABLE jobs")):
        (folder / name).write_bytes(whole)
        with sqlite3.connect(folder / name) as connection:
            connection.execute(sql)
        connection.close()
    Path(config).write_text(text)
    before = {path.name: path.read_bytes() for path in folder.glob("*.db")}
    said = orchestrator("jobs", "--config", config)
    assert (said.status, said.out) == (status, "")
    assert says in said.err
    assert said.err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.glob("*.db")} == before, "a reader makes and changes none"


def test_what_drives_and_tools_say_is_never_obeyed(orchestrator, tmp_path):
    config = keep(tmp_path, hostile_day())
    for arguments in (("jobs",), ("status", "1"), ("status", "2"), ("result", "1"), ("jobs", "--json")):
        said = orchestrator(*arguments, "--config", config)
        assert "owned" in said.out
        assert is_tame(said.out + said.err)


def test_on_a_terminal_each_job_has_a_line_however_narrow(terminal, config):
    for columns in (72, 120):
        lines = terminal("jobs", "--config", config, columns=columns).splitlines()
        assert [line.split()[0] for line in lines[1:6]] == ["1", "2", "3", "4", "5"]
        assert all(len(line) <= columns for line in lines[:6])
        assert ("its health line" in lines[2]) is (columns == 120)


def test_jobs_are_read_while_another_process_runs_the_rack(orchestrator, process, rack_file):
    config = rack_file(LIVE)
    owner = process("run", "smart-test", "1", "--config", config)
    try:
        for line in owner.stderr:
            if "RUNNING" in line:
                break
        (job,) = [json.loads(line) for line in orchestrator("jobs", "--config", config, "--json").out.splitlines()]
        assert (job["id"], job["status_name"], job["simulated"]) == (1, "RUNNING", True)
        assert "RUNNING (as last kept" in orchestrator("status", "1", "--config", config).out
        owner.send_signal(signal.SIGINT)
        owner.wait(PATIENCE_S)
    finally:
        owner.kill()
        owner.communicate(timeout=PATIENCE_S)
    said = orchestrator("result", "1", "--config", config)
    assert said.status == 1
    assert "UNKNOWN\n  - cancelled while it ran" in said.out


def test_each_look_at_a_store_that_is_written_all_the_time_is_of_one_moment(orchestrator, tmp_path):
    config = keep(tmp_path, Day())
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "history.db")], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    try:
        seen = int(writer.stdout.readline())
        for _ in range(10):
            listed = ids(orchestrator("jobs", "--config", config, "--json", "--limit", "-1"))
            assert len(listed) >= seen
            assert listed == list(range(1, len(listed) + 1)), "none lost, none doubled"
            seen = len(listed)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate(timeout=PATIENCE_S)


def test_a_reader_keeps_no_owner_out(config):
    records = open_records(Path(config))
    assert records.get_job_status(1).has_ended
    day = Day(number=100, sequence=100, job_id=100)
    day.run(day.accept(1))
    store = SqliteStore(Path(config).with_name("history.db"))
    store.append(day.take())
    assert [job.id for job in records.get_jobs_list(ListInfo())] == [1, 2, 3, 4, 5, 101]
    store.close()
    records.close()
