"""`orchestrator assess`: one JSON object a file and line, or ten lines for a person; exit status 0 or 2."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.interfaces.assess import assess_files

OUTPUTS = Path(__file__).parents[1] / "adapters" / "smart_outputs"
RUNNING = str(OUTPUTS / "ata-running.txt")
FAILED = str(OUTPUTS / "scsi-failed.json")
KEYS = {
    "file", "verdict", "reasons", "model", "serial", "capacity_bytes", "protocol", "self_test_running",
    "self_test_progress_percent", "last_self_test", "temperature_celsius", "power_on_hours",
}  # fmt: skip


def assess(*paths: str, as_json: bool = True, stdin: bytes = b"") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = assess_files(paths, as_json=as_json, stdin=io.BytesIO(stdin), stdout=out, stderr=err)
    return status, out.getvalue(), err.getvalue()


def objects(*paths: str, stdin: bytes = b"") -> list[dict[str, Any]]:
    return [json.loads(line) for line in assess(*paths, stdin=stdin)[1].splitlines()]


def test_each_file_gives_one_line_in_order_with_every_key(tmp_path):
    empty = tmp_path / "empty"
    empty.touch()
    found = objects(FAILED, str(empty), RUNNING)
    assert [one["file"] for one in found] == [FAILED, str(empty), RUNNING]
    assert all(set(one) == KEYS for one in found)
    assert [one["verdict"] for one in found] == ["fail", "unknown", "pass"]


def test_a_running_test_and_the_newest_entry_below_it_are_told():
    (found,) = objects(RUNNING)
    assert (found["self_test_running"], found["self_test_progress_percent"]) == (True, 40)
    assert found["last_self_test"] == {
        "type": "Short offline",
        "status": "Completed without error",
        "passed": True,
        "lba": None,
    }


def test_a_failed_test_is_told_with_its_lba_and_a_reason_with_its_source():
    (found,) = objects(FAILED)
    assert found["last_self_test"]["passed"] is False
    assert found["last_self_test"]["lba"] == 217322326
    assert set(found["reasons"][0]) == {"rule", "text", "value", "limit", "source"}
    assert found["reasons"][0]["source"].startswith("scsi_self_test_0")


def test_what_is_not_in_the_file_is_null(tmp_path):
    path = tmp_path / "nothing"
    path.write_text("hello\n")
    (found,) = objects(str(path))
    told = {key for key, value in found.items() if value is not None}
    assert told == {"file", "verdict", "reasons", "self_test_running"}


def test_a_dash_is_standard_input():
    (found,) = objects("-", stdin=Path(RUNNING).read_bytes())
    assert (found["file"], found["verdict"]) == ("-", "pass")


def test_a_missing_file_is_unknown_and_exit_2_and_the_others_are_judged(tmp_path):
    status, out, err = assess(str(tmp_path / "missing"), RUNNING)
    assert status == 2
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["unknown", "pass"]
    assert "missing" in err
    assert "give the path" in err


def test_a_folder_is_no_file(tmp_path):
    assert assess(str(tmp_path))[0] == 2


def test_a_bad_drive_is_exit_0_for_the_file_could_be_read():
    assert assess(FAILED)[0] == 0


@pytest.mark.parametrize("path", sorted(OUTPUTS.glob("*-*.*")), ids=lambda path: path.name)
def test_a_person_reads_verdict_reasons_and_what_to_do_in_ten_lines(path):
    _, out, _ = assess(str(path), as_json=False)
    lines = out.rstrip("\n").splitlines()
    (found,) = objects(str(path))
    assert len(lines) <= 10
    assert lines[0].split()[0] == found["verdict"].upper()
    assert all(reason["text"] in out for reason in found["reasons"])
    assert lines[-1].strip().endswith(".")


def test_many_reasons_are_cut_to_ten_lines_and_counted(tmp_path):
    rows = "".join(f"{n:3} Some_Attribute          PO--CK   001   001   036    NOW  0\n" for n in range(1, 30))
    path = tmp_path / "worn"
    path.write_text(f"SMART overall-health self-assessment test result: PASSED\n{rows}\n")
    _, out, _ = assess(str(path), as_json=False)
    assert len(out.rstrip("\n").splitlines()) <= 10
    assert "25 more" in out


def test_names_that_the_terminal_cannot_show_do_not_end_the_listing(tmp_path):
    path = tmp_path / "odd\nname"
    path.write_text("Device Model: Pl\u00e4tte\u202e\n")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert assess_files([str(path)], as_json=False, stdin=io.BytesIO(), stdout=out, stderr=io.StringIO()) == 0
    out.flush()
    written = out.buffer.getvalue()
    assert b"Pl?tte" in written
    assert b"odd?name" in written


def test_it_needs_none_of_the_packages_that_the_rack_needs():
    script = f"""
import sys
sys.modules.update(dict.fromkeys(("pySMART", "pydantic", "rich", "typer", "pykka", "pyudev")))
from orchestrator.interfaces.assess import assess_files
streams = {{"stdin": sys.stdin.buffer, "stdout": sys.stdout, "stderr": sys.stderr}}
raise SystemExit(assess_files([{RUNNING!r}], as_json=True, **streams))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    assert json.loads(ran.stdout)["verdict"] == "pass"
