"""Text as smartctl 5.43 to 7.5 prints it, and what scripts, locales and broken pipes make of it."""

from pathlib import Path

import pytest

from orchestrator.adapters.smart_reader import read_report
from orchestrator.adapters.smart_reader.numbers import grouped, hexadecimal, leading
from orchestrator.model.judge import judge_report

OUTPUTS = Path(__file__).parent / "smart_outputs"
ATA = (OUTPUTS / "ata-running.txt").read_text()
SAS = (OUTPUTS / "scsi-failed.txt").read_text()
NVME = (OUTPUTS / "nvme-failed.txt").read_text()


@pytest.mark.parametrize(
    "printed",
    [
        "1,200,243,695,616 bytes [1.20 TB]",
        "1.200.243.695.616 bytes [1,20 TB]",
        "1'200'243'695'616 bytes [1.20 TB]",
        "1’200’243’695’616 bytes [1.20 TB]",
        "1\u00a0200\u00a0243\u00a0695\u00a0616 bytes",
        "1\u202f200\u202f243\u202f695\u202f616 bytes",
        "1 200 243 695 616 bytes [1,20 TB]",
        "1-200-243-695-616 bytes",
        "1\ufffd200\ufffd243\ufffd695\ufffd616 bytes",
        "1200243695616 bytes",
        "12,00,24,36,95,616 bytes",
    ],
)
def test_a_capacity_is_read_in_every_locale(printed):
    assert read_report(f"Device Model: A\nUser Capacity:    {printed}\n").capacity_bytes == 1_200_243_695_616


@pytest.mark.parametrize("text", ["", "none", "-", "9" * 41, "9" * 5000, "²³"])
def test_what_is_no_number_is_absent_and_never_zero(text):
    assert (grouped(text), leading(text), hexadecimal(text)) == (None, None, None)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_line_ends_and_encodings_change_nothing(ending, encoding):
    assert read_report(ATA.replace("\n", ending).encode(encoding)) == read_report(ATA)


def test_latin_1_digit_groups_are_read():
    document = "Device Model: A\nUser Capacity:    1\u00a0000\u00a0204\u00a0886\u00a0016 bytes\n".encode("latin-1")
    assert read_report(document).capacity_bytes == 1_000_204_886_016


def test_blanks_that_a_script_squeezed_change_nothing():
    squeezed = "\n".join(" ".join(line.split()) for line in SAS.splitlines()) + "\n"
    report, expected = read_report(squeezed), read_report(SAS)
    assert (report.model, report.capacity_bytes, report.uncorrected_errors) == (
        expected.model,
        expected.capacity_bytes,
        expected.uncorrected_errors,
    )
    assert [entry.lba for entry in report.self_tests] == [entry.lba for entry in expected.self_tests]


def test_dells_additional_product_id_is_not_the_model():
    report = read_report("Device Model:     ST2000NM0033\nAdd. Product Id:  DELL(tm)\nSerial Number:    Z1\n")
    assert report.model == "ST2000NM0033"


def test_an_early_scsi_header_names_the_drive():
    """Before 5.41 smartctl printed one "Device:" line."""
    report = read_report(
        "Device: SEAGATE  ST3300655SS      Version: 0003\nSerial number: 3LM2\nSMART Health Status: OK\n"
    )
    assert (report.model, report.serial, report.firmware) == ("SEAGATE ST3300655SS", "3LM2", "0003")
    assert (report.protocol, report.health_passed) == ("scsi", True)


@pytest.mark.parametrize(
    ("line", "passed"),
    [
        ("SMART overall-health self-assessment test result: PASSED", True),
        ("SMART overall-health self-assessment test result: FAILED!", False),
        ("SMART overall-health self-assessment test result: UNKNOWN!", None),
        ("SMART overall-health self-assessment test result: PASSE", None),
        ("SMART overall-health self-assessment test result:", None),
        ("SMART Health Status: OK", True),
        ("SMART Health Status: DATA CHANNEL IMPENDING FAILURE DATA ERROR RATE TOO HIGH [asc=5d, ascq=32]", False),
        ("SMART Health Status: FAILURE PREDICTION THRESHOLD EXCEEDED [asc=5d,ascq=0]", False),
        ("SMART Health Status: O", None),
        ("SMART Status command failed: Input/output error", None),
    ],
)
def test_health_is_passed_only_where_the_line_says_exactly_so(line, passed):
    assert read_report(f"{line}\n").health_passed is passed


def test_a_bad_health_line_wins_over_a_good_one_wherever_it_stands():
    good = "SMART overall-health self-assessment test result: PASSED\n"
    bad = "SMART overall-health self-assessment test result: FAILED!\n"
    assert read_report(good + bad).health_passed is False
    assert read_report(bad + good).health_passed is False


ATTRIBUTES = """
ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE
  5 Reallocated_Sector_Ct   0x0033   005   005   036    Pre-fail  Always   FAILING_NOW 3956
  9 Power_On_Minutes        0x0032   100   100   ---    Old_age   Always       -       1069h+24m
190 Airflow_Temperature_Cel 0x0022   070   045   045    Old_age   Always   In_the_past 30 (Min/Max 21/32)

ID# ATTRIBUTE_NAME          FLAGS    VALUE WORST THRESH FAIL RAW_VALUE
197 Current_Pending_Sector  -O--CK   100   100   000    NOW  8
0xc6 Offline_Uncorrectable  ----C-   0x64  0x64  0x00   Past 0
"""


def test_an_attribute_that_is_also_printed_below_the_health_line_is_one_attribute():
    assert read_report(ATTRIBUTES + ATTRIBUTES).attributes == read_report(ATTRIBUTES).attributes


def test_old_brief_and_hexadecimal_attribute_rows_are_read():
    rows = read_report(ATTRIBUTES).attributes
    assert [(a.id, a.value, a.threshold, a.prefail, a.failed, a.raw) for a in rows] == [
        (5, 5, 36, True, "now", 3956),
        (9, 100, None, False, "", 1069),
        (190, 70, 45, False, "past", 30),
        (197, 100, 0, False, "now", 8),
        (198, 100, 0, False, "past", 0),
    ]


LOG_ROWS = """
short passed - | # 1  Short offline       Completed without error       00%     14516         -
extended failed 197765129 | # 1  Extended offline    Completed: read failure       90%     14516         197765129
conveyance failed 0 | # 1  Conveyance offline  Completed: handling damage??  10%         1         0
selective failed - | # 1  Selective offline   Fatal or unknown error        90%     65535         -
short failed 10 | # 1  Short captive       Completed: electrical failure 90%     3             0x0000000a
vendor failed - | #21  Vendor (0xdf)       Completed: servo/seek failure 150%    3             -
vendor unknown - | # 1  Vendor offline      Unknown/reserved test status  150%    0             -
reserved passed - | # 1  Reserved (0x15)     Completed without error       00%     3             -
offline aborted - | # 1  Offline             Interrupted (host reset)      00%     3             -
extended aborted - | # 1  Extended offline    Aborted by host               90%     3             -
extended failed 1142858497 | # 1  Background long   Failed in segment -->       4   29553    1142858497 [0x3 0x11 0x0]
short failed - | # 2  Background short  Completed, segment failed   -      12         - [-   -    -]
short passed - | # 3  Foreground short  Completed                   -       9         - [-   -    -]
short aborted - | # 4  Background short  Aborted (by user command)   -       9                 - [-   -    -]
short aborted - | # 5  Background short  Interrupted ('-X' switch)   -       9                 - [-   -    -]
extended failed - | # 6  Background long   Unknown error, incomplete   -       9                 - [-   -    -]
default unknown - | # 7  Default           Reserved(8)                 -       9                 - [-   -    -]
extended failed 1234 |  0   Extended        Completed: failed segments        3441      1234     1   3   -    -
short failed - |  1   Short        Completed: unknown failed segment        3441        -     1   -   -    -
short aborted - |  2   Short        Aborted: Controller Reset        3441        -     -   -   -    -
vendor failed - |  3   Vendor specific   Fatal or unknown test error               3441         -     -   -    -
"""


@pytest.mark.parametrize("row", LOG_ROWS.strip().splitlines())
def test_a_row_of_each_self_test_log_is_read(row):
    expected, line = row.split(" | ")
    (entry,) = read_report(f"{line}\n").self_tests
    assert [entry.kind, entry.outcome, "-" if entry.lba is None else str(entry.lba)] == expected.split()


def test_a_log_row_that_cannot_be_read_is_not_skipped():
    whole = "# 2  Short offline       Completed without error       00%     1    -\n"
    report = read_report("# 1  Short offline       Completed: read fai\n" + whole)
    assert [entry.outcome for entry in report.self_tests] == ["unknown", "passed"]
    assert report.cut


@pytest.mark.parametrize(
    ("text", "row", "spoilt", "section"),
    [
        (
            NVME,
            "Extended          Completed: failed segments",
            "Exte\ufffd\ufffded  Complet\ufffdd: failed",
            "self-test log",
        ),
        (ATA, "Reallocated_Sector_Ct", "Reallocated Sector Ct", "attributes"),
    ],
)
def test_a_row_of_a_table_that_cannot_be_read_marks_its_section(text, row, spoilt, section):
    assert row in text
    report = read_report(text.replace(row, spoilt))
    assert report.cut == (section,)
    assert judge_report(report).status == "warn"


def test_the_head_of_a_background_scan_is_no_self_test():
    scan = (
        "\n   #  when        lba(hex)    [sk,asc,ascq]    reassign_status\n   1  755:00  0000000000000001  [1,17,1]\n\n"
    )
    assert read_report(SAS + scan) == read_report(SAS)


def test_a_stale_running_line_is_kept_apart_and_does_not_say_running():
    """Seen on Intel SSDs: the log says in progress, the status byte says done."""
    report = read_report(ATA.replace("( 246)", "(   0)").replace("( 247)", "(   0)"))
    stale = "# 1  Short offline       Self-test routine in progress 90%     1         -\n"
    heading = "Num  Test_Description    Status                  Remaining  LifeTime(hours)  LBA_of_first_error\n"
    assert not report.self_test_running
    with_stale = read_report(ATA.replace("( 246)", "(   0)").replace(heading, heading + stale))
    assert not with_stale.self_test_running
    assert with_stale.running_entry is not None
    assert [entry.outcome for entry in with_stale.self_tests] == ["passed"]


@pytest.mark.parametrize(
    ("line", "percent"),
    [
        ("Self-test execution status:      ( 249)\tSelf-test routine in progress...", 10),
        ("Self-test execution status:      ( 240)\tSelf-test routine in progress...", 99),
        ("Self-test execution status:\t\t61% of test remaining", 39),
        ("Self-test status: Extended self-test in progress (28% completed)", 28),
        ("Self-test status: Unknown status (0x3) (12% completed)", 12),
    ],
)
def test_each_protocol_tells_that_a_test_runs(line, percent):
    report = read_report(f"{line}\n")
    assert (report.self_test_running, report.self_test_percent) == (True, percent)


@pytest.mark.parametrize(
    "line", ["Self-test execution status:      (   0)\t", "Self-test status: No self-test in progress"]
)
def test_no_test_runs_where_the_line_says_so(line):
    assert not read_report(f"{line}\n").self_test_running


def test_a_sleeping_drive_is_standby_and_unknown():
    report = read_report("Device is in STANDBY mode, exit(2)\n", exit_status=2)
    assert report.standby
    assert judge_report(report).status == "unknown"


def test_a_bridge_that_gives_nothing_is_unknown_with_its_complaint():
    text = "smartctl 7.3 2022-02-28 r5338\n\n/dev/sda: Unknown USB bridge [0x46f4:0x0001 (0x000)]\n"
    verdict = judge_report(read_report(text, exit_status=1))
    assert verdict.status == "unknown"
    assert "Unknown USB bridge" in "".join(reason.text for reason in verdict.reasons)


def test_two_outputs_in_one_document_are_never_a_pass_and_fail_if_one_fails():
    good = ATA
    bad = ATA.replace("result: PASSED", "result: FAILED!")
    assert judge_report(read_report(good + good)).status == "unknown"
    assert judge_report(read_report(good + bad)).status == "fail"


@pytest.mark.parametrize("text", [ATA, SAS.replace("Failed in segment -->", "Completed            "), NVME])
def test_a_text_cut_in_the_middle_of_a_line_never_passes(text):
    for end in range(0, len(text) - 2, 37):
        if text[:end].strip() and not text[:end].endswith("\n"):
            assert judge_report(read_report(text[:end])).status != "pass", text[end - 60 : end]


def test_an_ata_text_cut_before_its_self_test_log_warns():
    head = ATA[: ATA.index("SMART Self-test log")]
    assert [reason.rule for reason in judge_report(read_report(head)).reasons] == ["cut"]


def test_control_characters_of_a_drive_do_not_travel():
    report = read_report("Device Model:     A\x1b[31mB\x07\nSerial Number:  " + "9" * 300 + "\n")
    assert report.model.isprintable()
    assert len(report.serial) == 64
