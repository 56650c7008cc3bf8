"""smartctl's JSON, whole and broken. What the text forms share is in test_smart_reader_text.py."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.smart_reader import read_report
from orchestrator.model.judge import judge_report

OUTPUTS = Path(__file__).parent / "smart_outputs"
SAS = json.loads((OUTPUTS / "scsi-running.json").read_text())
ATA = json.loads((OUTPUTS / "ata-failed.json").read_text())


def read(document: Any) -> Any:
    return read_report(json.dumps(document))


def test_scsi_progress_is_taken_from_the_text_lines_that_json_carries():
    """smartctl 7.4 has the percentage only in its text."""
    without = {**SAS, "smartctl": {key: value for key, value in SAS["smartctl"].items() if key != "output"}}
    assert read(SAS).self_test_percent == 40
    assert (read(without).self_test_running, read(without).self_test_percent) == (True, None)


@pytest.mark.parametrize(
    ("value", "outcome"), [(0, "passed"), (2, "aborted"), (3, "failed"), (7, "failed"), (9, "unknown")]
)
def test_scsi_results_are_read_by_their_code(value, outcome):
    row = {"code": {"value": 2, "string": "Background long"}, "result": {"value": value, "string": "whatever"}}
    (entry,) = read({"device": {"protocol": "SCSI"}, "scsi_self_test_0": row}).self_tests
    assert (entry.kind, entry.outcome, entry.name) == ("extended", outcome, "Background long")


@pytest.mark.parametrize(
    ("value", "outcome"), [(0, "passed"), (1, "aborted"), (5, "failed"), (7, "failed"), (8, "aborted")]
)
def test_nvme_results_are_read_by_their_code_and_gaps_in_the_table_are_skipped(value, outcome):
    row = {"self_test_code": {"value": 1, "string": "Short"}, "self_test_result": {"value": value}, "lba": 17}
    (entry,) = read({"nvme_self_test_log": {"table": [None, row]}}).self_tests
    assert (entry.kind, entry.outcome, entry.lba) == ("short", outcome, 17)


@pytest.mark.parametrize(
    ("code", "kind"), [(1, "short"), (0x82, "extended"), (0x7E, "vendor"), (0x90, "vendor"), (0x20, "reserved")]
)
def test_ata_types_are_read_by_their_code(code, kind):
    row = {
        "type": {"value": code, "string": "x"},
        "status": {"value": 0x70, "string": "Completed: read failure"},
        "lba": 9,
    }
    (entry,) = read({"ata_smart_self_test_log": {"standard": {"table": [row]}}}).self_tests
    assert (entry.kind, entry.outcome, entry.lba) == (kind, "failed", 9)


def test_the_namespace_whose_number_is_1_gives_an_nvme_drives_capacity():
    spaces = [{"id": 2, "size": {"bytes": 5}}, {"id": 1, "size": {"bytes": 7}}]
    assert read({"nvme_namespaces": spaces, "user_capacity": {"bytes": 9}}).capacity_bytes == 7
    assert read({"nvme_total_capacity": 11}).capacity_bytes == 11


def test_names_are_read_by_their_old_and_new_scsi_keys():
    assert read({"vendor": "HGST", "product": "HUS"}).model == "HGST HUS"
    assert read({"scsi_vendor": "HGST", "scsi_product": "HUS", "scsi_revision": "A1"}).firmware == "A1"


@pytest.mark.parametrize(
    "document",
    [
        '{"smart_status": {"passed": true}',
        '{"smart_status": {"passed": true}} {}',
        '[{"smart_status": {"passed": true}}]',
        '{"smart_status": {"passed": true}}\nkilled',
        'sudo: unable to resolve host\n{"smart_status": {"passed": true}}',
        '{"smart_status": {"passed": true}, hahaha "power_on_time": {"hours": 3}}',
    ],
)
def test_json_that_is_not_one_whole_document_is_never_a_pass(document):
    report = read_report(document)
    assert not report.complete
    assert judge_report(report).status == "unknown"


def test_a_cut_document_still_fails_a_drive_that_said_failed():
    whole = json.dumps({"smart_status": {"passed": False}, "temperature": {"current": 30}})
    assert judge_report(read_report(whole[:-5])).status == "fail"


@pytest.mark.parametrize(
    "odd",
    [
        {"smart_status": {"passed": 1}},
        {"smart_status": {"passed": "true"}},
        {"smart_status": True},
        {"smart_status": [{"passed": True}]},
    ],
)
def test_only_a_true_in_its_place_is_a_passed_health(odd):
    assert read(odd).health_passed is None


@pytest.mark.parametrize("value", [None, [], {}, "x", 1.5, -1, True, 2**200])
@pytest.mark.parametrize("key", sorted(ATA))
def test_a_value_of_the_wrong_shape_is_absent(key, value):
    read({**ATA, key: value})


def test_deep_and_huge_documents_are_refused_and_not_followed():
    for document in ("[" * 200_000, '{"a":' * 200_000, '{"a": ' + "9" * 10_000 + "}", '{"smartctl": NaN}'):
        assert judge_report(read_report(document)).status == "unknown"


def test_a_sleeping_drive_is_standby():
    assert read({"power_mode": {"ata_value": 0, "ata_string": "STANDBY"}}).standby
    lines = {"smartctl": {"output": ["Device is in STANDBY mode, exit(2)"], "exit_status": 2}}
    assert read(lines).standby
