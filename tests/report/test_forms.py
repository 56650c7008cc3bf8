"""What each form says to the programs that read it, checked by readers that are not ours."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import junitparser
import pytest

from orchestrator.interfaces.report.as_csv import COLUMNS
from orchestrator.interfaces.report.as_json import schema
from orchestrator.interfaces.report.forms import FORMATS, FORMS, file_name
from orchestrator.interfaces.report.record import STATEMENT, Conclusion

SCHEMA = Path(__file__).parents[2] / "docs/report.schema.json"
ALL = (
    "intake", "failed intake", "bad scan", "no answer", "self-test", "health", "own", "suite", "nested", "locate",
)  # fmt: skip


def junit(kept, name):
    return junitparser.JUnitXml.fromstring(kept.form(name, "junit"))


def rows(kept, name):
    return list(csv.DictReader(io.StringIO(kept.form(name, "csv").decode(), newline="")))


# -- JSON


def test_the_published_schema_is_the_records_own():
    assert SCHEMA.read_bytes() == schema(), "write as_json.schema() there anew, and think of `format`"


@pytest.mark.parametrize("name", ALL)
def test_every_report_keeps_to_the_published_schema(kept, name):
    found = json.loads(kept.form(name, "json"))
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()), validate_formats=True)
    assert [str(error) for error in validator.iter_errors(found)] == []
    assert found["format"] == 1


def test_the_schema_would_notice():
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    assert not validator.is_valid({"format": 2})


# -- JUnit


@pytest.mark.parametrize("name", ALL)
def test_the_counts_are_those_of_the_cases(kept, name):
    for suite in junit(kept, name):
        cases = list(suite)
        assert suite.tests == len(cases) > 0
        results: list[Any] = [result for case in cases for result in case.result]
        for kind, count in (
            (junitparser.Failure, suite.failures), (junitparser.Error, suite.errors),
            (junitparser.Skipped, suite.skipped),
        ):  # fmt: skip
            assert sum(type(result) is kind for result in results) == count


@pytest.mark.parametrize("name", ALL)
def test_a_run_that_did_not_end_well_never_reads_as_one_that_passed(kept, name):
    (suite, *_) = junit(kept, name)
    good = kept.report(name).run.conclusion in (Conclusion.PASS, Conclusion.WARN, Conclusion.DONE)
    assert (suite.failures + suite.errors == 0) is good


def test_a_recipe_has_a_case_for_each_step(kept):
    (suite,) = junit(kept, "failed intake")
    assert [(case.classname, case.name) for case in suite] == [
        ("intake", "1. read_health"),
        ("intake", "2. run_smart_test (kind=short)"),
        ("intake", "3. read_scan (end_lba=4000000)"),
    ]
    failed, *skipped = suite
    assert [type(result) for result in failed.result] == [junitparser.Failure]
    assert "the drive itself says that it is failing" in failed.result[0].message
    assert {case.result[0].message for case in skipped} == {"stopped behind step 1"}


def test_its_properties_say_which_drive_in_which_slot_and_what_was_measured(kept):
    report = kept.report("intake")
    found = {one.name: one.value for one in next(iter(junit(kept, "intake"))).properties()}
    assert found["slot"] == "1" and found["label"] == "bay 1" and found["serial"] == report.drive.serial
    assert found["model"] == report.drive.model and found["job"] == str(report.run.job_id)
    assert found["jobs"].split() == [str(child.job_id) for child in report.run.children]
    assert found["simulated"] == "true" and found["conclusion"] == "warn"
    assert found["3. read_scan (end_lba=4000000): unreadable_places"] == "0"


def test_a_recipe_that_broke_off_has_a_case_for_each_job_that_it_opened(kept):
    (suite,) = junit(kept, "no answer")
    kinds = [[type(result) for result in case.result] for case in suite]
    assert [case.classname for case in suite] == ["read_health", "break_off"]
    assert kinds == [[], [junitparser.Error]]
    assert "smartctl was killed; look at dmesg" in list(suite)[1].result[0].text


def test_a_suite_has_its_own_cases_named_as_pytest_does(kept):
    (suite,) = junit(kept, "suite")
    assert [(case.classname, case.name) for case in suite][:2] == [
        ("tests.q.test_a", "test_reads"),
        ("tests.q.test_a", "test_fast"),
    ]
    assert [type(result).__name__ for case in suite for result in case.result] == [
        "Failure", "Error", "Error", "Skipped"
    ]  # fmt: skip


def test_a_suite_within_a_recipe_is_a_testsuite_of_its_own(kept):
    names = [suite.name for suite in junit(kept, "nested")]
    assert re.fullmatch(r"run_recipe \(job \d+\), suite_of_five \(job \d+\)", ", ".join(names))


def test_anything_else_is_one_case(kept):
    (case,) = next(iter(junit(kept, "self-test")))
    assert case.classname == "run_smart_test" and case.result == []


def test_the_elements_are_those_that_every_reader_knows(kept):
    """As Jenkins's junit-10.xsd has them: properties stand at the suite, and times have three places."""
    import xml.etree.ElementTree as ET

    below = {
        "testsuites": {"testsuite"},
        "testsuite": {"properties", "testcase", "system-out"},
        "properties": {"property"},
        "testcase": {"failure", "error", "skipped", "system-out"},
    }
    for name in ALL:
        for element in ET.fromstring(kept.form(name, "junit")).iter():  # noqa: S314 -- our own
            assert {child.tag for child in element} <= below.get(element.tag, set())
            assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))


# -- CSV


def test_the_head_line_is_always_the_same(kept):
    for name in ALL:
        assert kept.form(name, "csv").decode().split("\r\n")[0] == ",".join(COLUMNS)
        assert all(len(row) == len(COLUMNS) and None not in row.values() for row in rows(kept, name))


def test_a_measurement_has_its_limits_and_its_outcome(kept):
    (row,) = (row for row in rows(kept, "intake") if row["name"] == "unreadable_places" and row["step"])
    assert row["kind"] == "measurement" and row["serial"] == kept.report("intake").drive.serial
    assert (row["value"], row["at_least"], row["at_most"], row["outcome"]) == ("0", "", "0", "within")
    assert [row["outcome"] for row in rows(kept, "intake") if row["name"] == "rpm"] == ["not checked"]


def test_each_measurement_is_told_once(kept):
    found = [(row["name"], row["step"]) for row in rows(kept, "intake") if row["kind"] == "measurement"]
    assert len(found) == len(set(found)) and sum(name == "mean_mb_per_s" for name, _ in found) == 1


def test_every_number_of_the_scan_is_there(kept):
    scan = kept.report("bad scan").run.scan
    kinds = [row["kind"] for row in rows(kept, "bad scan")]
    assert kinds.count("speed") == len(scan.mb_per_s) and kinds.count("temperature") == len(scan.temperatures)


def test_the_statement_and_both_lists_stand_below(kept):
    found = rows(kept, "health")
    report = kept.report("health")
    assert [row["name"] for row in found if row["kind"] == "statement"] == [STATEMENT]
    assert [row["name"] for row in found if row["kind"] == "not_checked"] == list(report.not_checked)


def test_each_form_has_its_name_and_type():
    assert set(FORMS) == set(FORMATS)
    assert [file_name(12, form) for form in FORMATS] == ["job-12.html", "job-12.json", "job-12.xml", "job-12.csv"]
