"""What smartctl 7.4 prints of a SAS drive, from the bytes that the drive answers. After its scsiprint.cpp."""

import struct
from typing import Any, Final

from orchestrator.simulated.scsi import ABORT, ScsiWire
from orchestrator.simulated.sheet import FAILING, SELF_TEST_FAILED, Sheet, capacity, grouped

CODES: Final = {"short": 1, "long": 2}
NAMES: Final = {1: "Background short", 2: "Background long"}
RESULTS: Final = {
    0x0: "Completed",
    0x1: "Aborted (by user command)",
    0x2: "Aborted (device reset ?)",
    0x7: "Failed in segment",
    0xF: "Self test in progress ...",
}
BUSY_STATUS: Final = -1
"""smartctl 7.3 and 7.4 exit with -1, that is 255, when a SCSI drive already runs a self-test."""
CYCLES: Final = (
    ("Specified cycle count over device lifetime", "specified_cycle_count_over_device_lifetime", 3),
    ("Accumulated start-stop cycles", "accumulated_start_stop_cycles", 4),
    ("Specified load-unload count over device lifetime", "specified_load_unload_count_over_device_lifetime", 5),
    ("Accumulated load-unload cycles", "accumulated_load_unload_cycles", 6),
)


class ScsiPages:
    """One SAS drive as smartctl shows it."""

    def __init__(self, wire: ScsiWire) -> None:
        self._wire = wire

    def _ask(self, *cdb: int) -> bytes:
        return self._wire.cdb(bytes(cdb).ljust(16, b"\0"))[0]

    def _vital(self, number: int) -> bytes:
        return self._ask(0x12, 1, number)[4:]

    def _log(self, number: int) -> dict[int, bytes]:
        """A log page's parameters by code; empty if the drive has no such page."""
        page, found, at = self._ask(0x4D, 0, 0x40 | number), {}, 4
        while at + 4 <= len(page):
            code, length = struct.unpack_from(">HxB", page, at)
            found[code] = page[at + 4 : at + 4 + length]
            at += 4 + length
        return found

    def information(self, sheet: Sheet) -> None:
        inquiry, about = self._ask(0x12), self._vital(0xB1)
        vendor, product, revision = (
            inquiry[start:end].decode("ascii").strip() for start, end in ((8, 16), (16, 32), (32, 36))
        )
        last, block = struct.unpack_from(">QI", self._ask(0x9E, 0x10))
        exponent = self._ask(0x9E, 0x10)[13] & 0xF
        (spins,) = struct.unpack_from(">H", about)
        inches = {1: "5.25", 2: "3.5", 3: "2.5", 4: "1.8"}[about[3] & 0xF]
        size, serial = (last + 1) * block, self._vital(0x80).decode("ascii").strip()
        unit = "0x" + self._vital(0x83)[4:12].hex()
        sheet.say(
            f"Vendor:               {vendor}",
            f"Product:              {product}",
            f"Revision:             {revision}",
            "Compliance:           SPC-4",
            f"User Capacity:        {grouped(size)} bytes [{capacity(size)}]",
            f"Logical block size:   {block} bytes",
            *([f"Physical block size:  {block << exponent} bytes"] if exponent else []),
            "Rotation Rate:        " + ("Solid State Device" if spins == 1 else f"{spins} rpm"),
            f"Form Factor:          {inches} inches",
            f"Logical Unit id:      {unit}",
            f"Serial number:        {serial}",
            "Device type:          disk",
            "Transport protocol:   SAS (SPL-4)",
            f"Local Time is:        {sheet.clock()}",
            "SMART support is:     Available - device has SMART capability.",
            "SMART support is:     Enabled",
            "Temperature Warning:  Enabled",
        )
        sheet.data |= {
            "scsi_vendor": vendor,
            "scsi_product": product,
            "scsi_model_name": f"{vendor} {product}",
            "scsi_revision": revision,
            "scsi_version": "SPC-4",
            "user_capacity": {"blocks": last + 1, "bytes": size},
            "logical_block_size": block,
            **({"physical_block_size": block << exponent} if exponent else {}),
            "rotation_rate": 0 if spins == 1 else spins,
            "form_factor": {"scsi_value": about[3] & 0xF, "name": f"{inches} inches"},
            "logical_unit_id": unit,
            "serial_number": serial,
            "device_type": {"scsi_terminology": "Peripheral Device Type [PDT]", "scsi_value": 0, "name": "disk"},
            "scsi_transport_protocol": {"name": "SAS (SPL-4)", "value": 6},
            "smart_support": {"available": True, "enabled": True},
            "temperature_warning": {"enabled": True},
        }

    def health(self, sheet: Sheet, *, table_follows: bool) -> None:  # noqa: ARG002
        asc, ascq = self._log(0x2F)[0][:2]
        status: dict[str, Any] = {"passed": not asc}
        if asc:
            words = "Hardware impending failure general hard drive failure"
            status["scsi"] = {"asc": asc, "ascq": ascq, "ie_string": words}
            sheet.status |= FAILING
            sheet.say(f"SMART Health Status: {words} [asc={asc:x}, ascq={ascq:x}]", "")
        else:
            sheet.say("SMART Health Status: OK", "")
        sheet.data["smart_status"] = status
        endurance = self._log(0x11)
        if endurance:
            used = endurance[1][3]
            sheet.say(f"Percentage used endurance indicator: {used}%")
            sheet.data["scsi_percentage_used_endurance_indicator"] = used

    def attributes(self, sheet: Sheet) -> None:
        exceptions, cycles = self._log(0x2F)[0], self._log(0x0E)
        (minutes,) = struct.unpack_from(">I", self._log(0x15)[0])
        year, week = cycles[1][:4].decode("ascii"), cycles[1][4:6].decode("ascii")
        counts = {code: struct.unpack(">I", cycles[code])[0] for _, _, code in CYCLES}
        sheet.say(
            f"Current Drive Temperature:     {exceptions[2]} C",
            f"Drive Trip Temperature:        {exceptions[3]} C",
            "",
            f"Accumulated power on time, hours:minutes {minutes // 60}:{minutes % 60:02d}",
            f"Manufactured in week {week} of year {year}",
            *(f"{words}:  {counts[code]}" for words, _, code in CYCLES),
        )
        sheet.data |= {
            "temperature": {"current": exceptions[2], "drive_trip": exceptions[3]},
            "power_on_time": {"hours": minutes // 60, "minutes": minutes % 60},
            "scsi_start_stop_cycle_counter": {
                "year_of_manufacture": year,
                "week_of_manufacture": week,
                **{key: counts[code] for _, key, code in CYCLES},
            },
        }
        defects = self._ask(0x37, 0, 0x0C, 0, 0, 0, 0, 0, 4)
        if len(defects) >= 4:
            count = struct.unpack_from(">H", defects, 2)[0] // 8
            sheet.say(f"Elements in grown defect list: {count}", "")
            sheet.data["scsi_grown_defect_list"] = count
        else:
            sheet.say("Read defect list: asked for grown list but didn't get it")
        sheet.data["seagate_farm_log"] = {"supported": False}

    def capabilities(self, sheet: Sheet) -> None:
        """smartctl shows none for SCSI."""

    def error_log(self, sheet: Sheet) -> None:
        sheet.say(
            "Error counter log:",
            "           Errors Corrected by           Total   Correction     Gigabytes    Total",
            "               ECC          rereads/    errors   algorithm      processed    uncorrected",
            "           fast | delayed   rewrites  corrected  invocations   [10^9 bytes]  errors",
        )
        told = {}
        for words, number in (("read", 0x03), ("write", 0x02), ("verify", 0x05)):
            count = [int.from_bytes(self._log(number)[code], "big") for code in range(7)]
            gigabytes = f"{count[5] / 1e9:.3f}"
            sheet.say(
                f"{words + ':':<8s}{count[0]:8d} {count[1]:8d}  {count[2]:8d}  {count[3]:8d}   {count[4]:8d}   "
                f"{gigabytes:>12s}    {count[6]:8d}"
            )
            told[words] = {
                "errors_corrected_by_eccfast": count[0],
                "errors_corrected_by_eccdelayed": count[1],
                "errors_corrected_by_rereads_rewrites": count[2],
                "total_errors_corrected": count[3],
                "correction_algorithm_invocations": count[4],
                "gigabytes_processed": gigabytes,
                "total_uncorrected_errors": count[6],
            }
        sheet.data["scsi_error_counter_log"] = told
        sheet.say("", f"Non-medium error count: {int.from_bytes(self._log(0x06)[0], 'big'):8d}", "")

    def self_test_log(self, sheet: Sheet) -> None:
        left = self._remaining()
        if left is not None:
            sheet.say(f"Self-test execution status:\t\t{left}% of test remaining")
        entries = [entry for entry in self._log(0x10).values() if any(entry)]
        if not entries:
            sheet.say("No Self-tests have been logged", "")
            return
        sheet.say(
            "SMART Self-test log",
            "Num  Test              Status                 segment  LifeTime  LBA_first_err [SK ASC ASQ]",
            "     Description                              number   (hours)",
        )
        for i, entry in enumerate(entries):
            self._entry(sheet, i, entry)
            if 3 <= entry[0] & 0xF <= 8:
                sheet.status |= SELF_TEST_FAILED
        seconds = struct.unpack_from(">H", self._ask(0x1A, 0, 0x0A), 14)[0]
        if seconds not in (0, 0xFFFF):
            minutes = f"{seconds / 60:.1f}"
            sheet.say("", f"Long (extended) Self-test duration: {seconds} seconds [{minutes} minutes]", "")
            sheet.data["scsi_extended_self_test_seconds"] = seconds

    def _entry(self, sheet: Sheet, number: int, entry: bytes) -> None:
        code, result = entry[0] >> 5, entry[0] & 0xF
        words = RESULTS[result] + (" -->" if result == 0x7 else "")
        hours, lba = struct.unpack_from(">HQ", entry, 2)
        row: dict[str, Any] = {
            "code": {"value": code, "string": NAMES[code]},
            "result": {"value": result, "string": RESULTS[result]},
        }
        if result == 0xF:
            row["self_test_in_progress"] = True
            life = "    NOW"
        else:
            row["power_on_time"] = {"hours": hours, "aka": "accumulated_power_on_hours"}
            life = f"{hours:7d}"
        where, sense = "                -", "[-   -    -]"
        if result != 0xF and 3 <= result <= 8 and lba != 0xFFFF_FFFF_FFFF_FFFF:
            where, sense = f"{lba:17d}", f"[0x{entry[12] & 0xF:x} 0x{entry[13]:x} 0x{entry[14]:x}]"
            row |= {
                "lba_first_failure": {"value": lba, "aka": "address_of_first_failure"},
                "sense_key": {"value": entry[12] & 0xF, "string": "Medium Error"},
                "asc": entry[13],
                "ascq": entry[14],
                "vendor_specific": entry[15],
            }
        sheet.say(f"#{number + 1:2d}  {NAMES[code]:<16s}  {words:<25s}   - {life} {where} {sense}")
        sheet.data[f"scsi_self_test_{number}"] = row

    def start(self, sheet: Sheet, kind: str) -> None:
        left = self._remaining()
        if left is not None:
            sheet.say(
                f"Can't start self-test without aborting current test ({left}% remaining),",
                "add '-t force' option to override, or run 'smartctl -X' to abort test.",
            )
            sheet.status = BUSY_STATUS
            return
        self._ask(0x1D, CODES[kind] << 5)
        if kind == "short":
            sheet.say("Short Background Self Test has begun")
        else:
            seconds = struct.unpack_from(">H", self._ask(0x1A, 0, 0x0A), 14)[0]
            sheet.say("Extended Background Self Test has begun")
            if seconds not in (0, 0xFFFF):
                sheet.say(
                    f"Please wait {seconds // 60} minutes for test to complete.",
                    f"Estimated completion time: {sheet.clock(seconds)}",
                )
        sheet.say("Use smartctl -X to abort test")

    def abort(self, sheet: Sheet) -> None:
        self._ask(0x1D, ABORT << 5)
        sheet.say("Self Test returned without error")

    def _remaining(self) -> int | None:
        """Percent left of the running self-test, from REQUEST SENSE; None if none runs."""
        sense = self._ask(0x03)
        if sense[12:14] != b"\x04\x09":
            return None
        return 100 - int.from_bytes(sense[16:18], "big") * 100 // 65535
