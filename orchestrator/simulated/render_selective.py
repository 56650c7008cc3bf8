"""What smartctl 7.4 prints of ATA's selective self-tests, and how it works out their spans. After its ataprint.cpp."""

from typing import Any, Final

from orchestrator.simulated.ata import READ_DATA, READ_LOG, SELECTIVE_LOG, SMART, SMART_SIGNATURE, WRITE_LOG, AtaWire
from orchestrator.simulated.sheet import COMMAND_FAILED, Sheet
from orchestrator.simulated.spans import NONE, Span, following, packed, unpacked

STATES: Final = {
    0x0: "Completed",
    0x1: "Aborted_by_host",
    0x2: "Interrupted",
    0x7: "Completed_read_failure",
    0xF: "Self_test_in_progress",
}
"""By the high nibble of the execution status."""
_AT_ONCE: Final = 65535  # LBAs that count as under test from the current one on


def selective_log(wire: AtaWire, sheet: Sheet) -> None:
    status = wire.execute(SMART, READ_DATA, 1, SMART_SIGNATURE).data[363]
    page = wire.execute(SMART, READ_LOG, 1, SMART_SIGNATURE | SELECTIVE_LOG).data
    spans, current = unpacked(page), int.from_bytes(page[492:500], "little")
    widths = [max(7, *(len(str(span[side])) for span in spans)) for side in (0, 1)]
    sheet.say(
        "SMART Selective self-test log data structure revision number 1",
        f" SPAN  {'MIN_LBA':>{widths[0]}}  {'MAX_LBA':>{widths[1]}}  CURRENT_TEST_STATUS",
    )
    table: list[dict[str, Any]] = []
    for number, (first, last) in enumerate(spans, start=1):
        row: dict[str, Any] = {"lba_min": first, "lba_max": last, "status": {"value": status, "string": "Not_testing"}}
        told = "Not_testing"
        if number == page[500]:
            state, left, until = STATES[status >> 4], status & 0xF, min(current + _AT_ONCE, last)
            row["status"] |= {"string": state, "remaining_percent": left}
            row |= {"current_lba_min": current, "current_lba_max": until}
            told = f"{state} [{left}0% left] ({current}-{until})"
        sheet.say(f"    {number}  {first:>{widths[0]}}  {last:>{widths[1]}}  {told}")
        table.append(row)
    sheet.say(
        "Selective self-test flags (0x0):",
        "  After scanning selected spans, do NOT read-scan remainder of disk.",
        "If Selective self-test is pending on power-up, resume after 0 minute delay.",
        "",
    )
    sheet.data["ata_smart_selective_self_test_log"] = {
        "revision": 1,
        "table": table,
        "flags": {"value": 0, "remainder_scan_enabled": False},
        "power_up_scan_resume_minutes": 0,
    }


def write_spans(wire: AtaWire, sheet: Sheet, wanted: tuple[str, ...], sectors: int) -> tuple[str, ...] | None:
    """Works out the spans (M-N, M-max, or next) and writes them: the lines that name them; None if it cannot."""
    page = wire.execute(SMART, READ_LOG, 1, SMART_SIGNATURE | SELECTIVE_LOG).data
    old, new = unpacked(page), list[Span]()
    for number, text in enumerate(wanted):
        if text == "next":
            first, last = following(old[number], sectors)
            _tell_move(sheet, number, old[number], (first, last), sectors)
        else:
            first, last = (sectors - 1 if end == "max" else int(end) for end in text.split("-"))
        if first < sectors <= last:
            sheet.say(f"Size of self-test span {number} decreased according to disk size")
            last = sectors - 1
        if not first <= last < sectors:
            sheet.say(f"Invalid selective self-test span {number}: {first}-{last} ({sectors} sectors)")
            sheet.status |= COMMAND_FAILED
            return None
        new.append((first, last))
    written = packed((*new, *[NONE] * (len(old) - len(new))), (0, 0))
    written[511] = -sum(written) & 0xFF
    wire.execute(SMART, WRITE_LOG, 1, SMART_SIGNATURE | SELECTIVE_LOG, bytes(written))
    rows = (f"{number:4d} {first:20d} {last:20d}" for number, (first, last) in enumerate(new))
    return ("SPAN         STARTING_LBA           ENDING_LBA", *rows)


def _tell_move(sheet: Sheet, number: int, old: Span, new: Span, sectors: int) -> None:
    wide, first = old[1] - old[0] + 1, old[1] + 1
    if old != NONE and first < sectors < first + wide:
        sheet.say(
            f"Span {number} changed from {first}-{first + wide - 1} ({wide} sectors)",
            f"                 to {new[0]}-{new[1]} ({new[1] - new[0] + 1} sectors) ({-(-sectors // wide)} spans)",
        )


def understood(text: str) -> bool:
    """As the argument of -t, after "select,"."""
    first, _, last = text.partition("-")
    return text == "next" or (first.isdecimal() and (last == "max" or (last.isdecimal() and int(first) <= int(last))))
