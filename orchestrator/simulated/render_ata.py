"""What smartctl 7.4 prints of an ATA drive, from the bytes that the drive answers. After its ataprint.cpp.

Every section reads what it needs over the wire, says its lines and fills its part of the JSON.
"""

import struct
from typing import Any, Final

from orchestrator.simulated.ata import (
    ABORT,
    EXECUTE_OFFLINE,
    IDENTIFY,
    KINDS,
    READ_DATA,
    READ_LOG,
    RETURN_STATUS,
    SELF_TEST_LOG,
    SMART,
    SMART_SIGNATURE,
    AtaWire,
)
from orchestrator.simulated.ata_table import TABLE_HEAD, row_text, smart_table
from orchestrator.simulated.ata_words import (
    EXECUTION,
    EXECUTION_JSON,
    LOG_STATUS,
    MINOR_VERSIONS,
    SATA_VERSIONS,
    TEST_NAMES,
    major_version,
)
from orchestrator.simulated.profile import Profile
from orchestrator.simulated.render_selective import selective_log, write_spans
from orchestrator.simulated.sheet import (
    BELOW_THRESHOLD,
    COMMAND_FAILED,
    DATABASE,
    FAILING,
    PREFAIL_NOW,
    SELF_TEST_FAILED,
    Sheet,
    capacity,
    grouped,
)

TAB: Final = "\t\t\t\t\t"
CODES: Final = {"short": 1, "long": 2, "conveyance": 3, "selective": 4}
CAN_SELF_TEST, CAN_CONVEYANCE, CAN_SELECTIVE = 0x10, 0x20, 0x40


class AtaPages:
    """One ATA drive as smartctl shows it."""

    def __init__(self, wire: AtaWire, profile: Profile, *, database: bool) -> None:
        """`profile` names attributes and family, as smartctl's drive database does; nothing else is taken from it."""
        self._wire = wire
        self._family = profile.family if database else ""
        self._profile = profile
        self._database = database
        self._identity = wire.execute(IDENTIFY).data

    def _word(self, number: int) -> int:
        return int.from_bytes(self._identity[2 * number : 2 * number + 2], "little")

    def _smart(self, feature: int, low: int = 0) -> bytes:
        return self._wire.execute(SMART, feature, 1, SMART_SIGNATURE | low).data

    # -- sections, in the order in which they are printed

    def information(self, sheet: Sheet) -> None:
        text = _string(self._identity[54:94]), _string(self._identity[20:40]), _string(self._identity[46:54])
        size = int.from_bytes(self._identity[200:208], "little") * 512
        physical = 512 << (self._word(106) & 0xF if self._word(106) & 0x2000 else 0)
        wwn = (self._word(108) & 0xFFF) << 12 | self._word(109) >> 4
        own = (self._word(109) & 0xF) << 32 | self._word(110) << 16 | self._word(111)
        data = sheet.data
        if self._family:
            sheet.say(f"Model Family:     {self._family}")
            data["model_family"] = self._family
        sheet.say(
            f"Device Model:     {text[0]}",
            f"Serial Number:    {text[1]}",
            f"LU WWN Device Id: {self._word(108) >> 12:x} {wwn:06x} {own:09x}",
            f"Firmware Version: {text[2]}",
            f"User Capacity:    {grouped(size)} bytes [{capacity(size)}]",
            f"Sector Sizes:     512 bytes logical, {physical} bytes physical"
            if physical != 512
            else "Sector Size:      512 bytes logical/physical",
        )
        data |= {
            "model_name": text[0],
            "serial_number": text[1],
            "wwn": {"naa": self._word(108) >> 12, "oui": wwn, "id": own},
            "firmware_version": text[2],
            "user_capacity": {"blocks": size // 512, "bytes": size},
            "logical_block_size": 512,
            "physical_block_size": physical,
        }
        self._features(sheet)
        sheet.say(
            f"Local Time is:    {sheet.clock()}",
            "SMART support is: Available - device has SMART capability.",
            "SMART support is: Enabled",
        )
        data["smart_support"] = {"available": True, "enabled": True}

    def _features(self, sheet: Sheet) -> None:
        data, spins = sheet.data, self._word(217)
        data["rotation_rate"] = 0 if spins == 1 else spins
        sheet.say("Rotation Rate:    " + ("Solid State Device" if spins == 1 else f"{spins} rpm"))
        inches = {1: "5.25", 2: "3.5", 3: "2.5", 4: "1.8"}.get(self._word(168) & 0xF)
        if inches:
            sheet.say(f"Form Factor:      {inches} inches")
            data["form_factor"] = {"ata_value": self._word(168), "name": f"{inches} inches"}
        trim = bool(self._word(169) & 1)
        data["trim"] = {"supported": trim, **({"deterministic": False, "zeroed": False} if trim else {})}
        if trim or spins == 1:
            sheet.say(f"TRIM Command:     {'Available' if trim else 'Unavailable'}")
        known = f"In smartctl database {DATABASE}" if self._family else "Not in smartctl database"
        if not self._family and self._database:
            known += f" {DATABASE}"
        data["in_smartctl_database"] = bool(self._family)
        version = major_version(self._word(80))
        minor = MINOR_VERSIONS.get(self._word(81), "")
        if not minor:
            version += " (minor revision not indicated)"
        elif minor.startswith(version):
            version = minor
        else:
            version += f", {minor}"
        data["ata_version"] = {
            "string": version,
            "major_value": self._word(80),
            "minor_value": self._word(81),
        }
        sata = self._word(222) & 0x0FFF
        data["sata_version"] = {"string": SATA_VERSIONS[sata.bit_length()], "value": sata}
        speed = {"string": "6.0 Gb/s", "units_per_second": 60, "bits_per_unit": 100_000_000}
        data["interface_speed"] = {
            "max": {"sata_value": self._word(76) & 0xFE, **speed},
            "current": {"sata_value": self._word(77) >> 1 & 0x7, **speed},
        }
        sheet.say(
            f"Device is:        {known}",
            f"ATA Version is:   {version}",
            f"SATA Version is:  {data['sata_version']['string']}, 6.0 Gb/s (current: 6.0 Gb/s)",
        )

    def health(self, sheet: Sheet, *, table_follows: bool) -> None:
        result = self._wire.execute(SMART, RETURN_STATUS, 0, SMART_SIGNATURE)
        passed = result.lba & 0xFFFF00 == SMART_SIGNATURE
        sheet.data["smart_status"] = {"passed": passed}
        rows = smart_table(self._wire, self._profile)
        below = [row for row in rows if row["when_failed"]]
        now = [row for row in below if row["when_failed"] == "now" and row["flags"]["prefailure"]]
        kind, listed = ("marginal", below) if passed else ("failed", now)
        sheet.say(f"SMART overall-health self-assessment test result: {'PASSED' if passed else 'FAILED!'}")
        if not passed:
            sheet.status |= FAILING
            sheet.say("Drive failure expected in less than 24 hours. SAVE ALL DATA.")
        if not listed:
            sheet.say(*(() if passed else ("No failed Attributes found.",)), "")
            return
        sheet.status |= BELOW_THRESHOLD if passed else PREFAIL_NOW
        if table_follows:
            sheet.say(f"See vendor-specific Attribute list for {kind} Attributes.", "")
        else:
            title = "Please note the following marginal Attributes:" if passed else "Failed Attributes:"
            sheet.say(title, TABLE_HEAD, *(row_text(row) for row in listed), "")
            sheet.data["ata_smart_attributes"] = {"table": listed}
            _counters(sheet, listed, rows)

    def capabilities(self, sheet: Sheet) -> None:
        page = self._smart(READ_DATA)
        self._capability_data(sheet, page)
        bits, offline = page[367], page[362]
        automatic = "Auto Offline data collection on/off" if bits & 0x02 else "No Auto Offline data collection"
        sheet.say(
            "General SMART Values:",
            f"Offline data collection status:  (0x{offline:02x})\tOffline data collection activity",
            TAB + ("was completed without error." if offline & 0x7F == 2 else "was never started."),
            f"{TAB}Auto Offline Data Collection: {'Enabled' if offline & 0x80 else 'Disabled'}.",
        )
        first, *more = EXECUTION[page[363] >> 4]
        sheet.say(f"Self-test execution status:      ({page[363]:4d})\t{first}")
        sheet.say(*(TAB + line.format(page[363] & 0xF) for line in more))
        sheet.say(
            "Total time to complete Offline ",
            f"data collection: \t\t({struct.unpack_from('<H', page, 364)[0]:5d}) seconds.",
            "Offline data collection",
            f"capabilities: \t\t\t (0x{bits:02x}) SMART execute Offline immediate.",
            f"{TAB}{automatic} support.",
            f"{TAB}{'Abort' if bits & 0x04 else 'Suspend'} Offline collection upon new",
            f"{TAB}command.",
            f"{TAB}{'' if bits & 0x08 else 'No '}Offline surface scan supported.",
            f"{TAB}Self-test supported.",
            f"{TAB}{'' if bits & CAN_CONVEYANCE else 'No '}Conveyance Self-test supported.",
            f"{TAB}{'' if bits & CAN_SELECTIVE else 'No '}Selective Self-test supported.",
            "SMART capabilities:            (0x0003)\tSaves SMART data before entering",
            f"{TAB}power-saving mode.",
            f"{TAB}Supports SMART auto save timer.",
            "Error logging capability:        (0x01)\tError logging supported.",
            f"{TAB}No General Purpose Logging support.",
        )
        for kind, minutes in sheet.data["ata_smart_data"]["self_test"]["polling_minutes"].items():
            blank = " " if kind == "short" else ""
            sheet.say(
                f"{kind.capitalize()} self-test routine{blank}", f"recommended polling time: \t ({minutes:4d}) minutes."
            )
        sheet.say("")

    def _capability_data(self, sheet: Sheet, page: bytes) -> None:
        bits, offline = page[367], page[362]
        minutes = {"short": page[372], "extended": page[373]}
        if page[373] == 0xFF:
            minutes["extended"] = struct.unpack_from("<H", page, 375)[0]
        if bits & CAN_CONVEYANCE:
            minutes["conveyance"] = page[374]
        done = offline & 0x7F == 2
        told = {"string": "was completed without error", "passed": True} if done else {"string": "was never started"}
        sheet.data["ata_smart_data"] = {
            "offline_data_collection": {
                "status": {"value": offline, **told},
                "completion_seconds": struct.unpack_from("<H", page, 364)[0],
            },
            "self_test": {"status": _execution(page[363]), "polling_minutes": minutes},
            "capabilities": {
                "values": [bits, 3],
                "exec_offline_immediate_supported": True,
                "offline_is_aborted_upon_new_cmd": bool(bits & 0x04),
                "offline_surface_scan_supported": bool(bits & 0x08),
                "self_tests_supported": bool(bits & CAN_SELF_TEST),
                "conveyance_self_test_supported": bool(bits & CAN_CONVEYANCE),
                "selective_self_test_supported": bool(bits & CAN_SELECTIVE),
                "attribute_autosave_enabled": True,
                "error_logging_supported": True,
                "gp_logging_supported": False,
            },
        }

    def attributes(self, sheet: Sheet) -> None:
        rows = smart_table(self._wire, self._profile)
        sheet.say(
            "SMART Attributes Data Structure revision number: 16",
            "Vendor Specific SMART Attributes with Thresholds:",
            TABLE_HEAD,
            *(row_text(row) for row in rows),
            "",
        )
        sheet.data["ata_smart_attributes"] = {"revision": 16, "table": rows}
        _counters(sheet, rows, rows)

    def error_log(self, sheet: Sheet) -> None:
        sheet.say("SMART Error Log Version: 1", "No Errors Logged", "")
        sheet.data["ata_smart_error_log"] = {"summary": {"revision": 1, "count": 0}}

    def self_test_log(self, sheet: Sheet) -> None:
        page = self._smart(READ_LOG, SELF_TEST_LOG)
        sheet.say("SMART Self-test log structure revision number 1")
        standard: dict[str, Any] = {"revision": 1}
        entries = [struct.unpack_from("<BBHBI", page, 2 + 24 * i) for i in reversed(range(page[508]))]
        if not entries:
            sheet.say("No self-tests have been logged.  [To run self-tests, use: smartctl -t]")
            standard["count"] = 0
        else:
            sheet.say("Num  Test_Description    Status                  Remaining  LifeTime(hours)  LBA_of_first_error")
            self._log_table(sheet, standard, entries)
        sheet.say("")
        sheet.data["ata_smart_self_test_log"] = {"standard": standard}

    def _log_table(self, sheet: Sheet, standard: dict[str, Any], entries: list[tuple[int, ...]]) -> None:
        table: list[dict[str, Any]] = []
        failures = outdated = renewed = 0
        for i, (code, status, hours, _, lba) in enumerate(entries, start=1):
            words, passed = LOG_STATUS[status >> 4]
            kind, left = TEST_NAMES[code], status & 0xF
            told = lba if passed is False and lba < 0xFFFFFFFF else None
            row = {"type": {"value": code, "string": kind}, "status": {"value": status, "string": words}}
            row["status"] |= ({"remaining_percent": left * 10} if left else {}) | (
                {} if passed is None else {"passed": passed}
            )
            table.append(row | {"lifetime_hours": hours} | ({} if told is None else {"lba": told}))
            sheet.say(
                f"#{i:2d}  {kind:<19s} {words:<29s} {left:1d}0%  {hours:8d}         {'-' if told is None else told}"
            )
            if passed is False:
                failures, outdated = failures + 1, outdated + bool(renewed)
            elif passed and code == CODES["long"] and not renewed:
                renewed = i
        if outdated:
            sheet.say(
                f"{outdated} of {failures} failed self-tests are outdated by newer successful extended offline "
                f"self-test #{renewed:2d}"
            )
        if failures > outdated:
            sheet.status |= SELF_TEST_FAILED
        standard |= {
            "table": table,
            "count": len(table),
            "error_count_total": failures,
            "error_count_outdated": outdated,
        }

    def selective_log(self, sheet: Sheet) -> None:
        selective_log(self._wire, sheet)

    def closing(self, sheet: Sheet) -> None:
        sheet.say("The above only provides legacy SMART information - try 'smartctl -x' for more", "")

    # -- commands

    def start(self, sheet: Sheet, kind: str, spans: tuple[str, ...] = ()) -> None:
        page = self._smart(READ_DATA)
        sheet.say("=== START OF OFFLINE IMMEDIATE AND SELF-TEST SECTION ===")
        if kind == "conveyance" and not page[367] & CAN_CONVEYANCE:
            sheet.say("Conveyance Self-test functions not supported", "")
        if page[363] >> 4 == 0xF:
            sheet.say(
                f"Can't start self-test without aborting current test ({page[363] & 0xF}0% remaining),",
                "run 'smartctl -X' to abort test."
                if spans
                else "add '-t force' option to override, or run 'smartctl -X' to abort test.",
            )
            sheet.status |= COMMAND_FAILED
            return
        size = int.from_bytes(self._identity[200:208], "little")
        if (chosen := write_spans(self._wire, sheet, spans, size) if spans else ()) is None:
            return
        name = {"long": "Extended"}.get(kind, kind.capitalize())
        command = f'"Execute SMART {name} self-test routine immediately in off-line mode"'
        sheet.say(f"Sending command: {command}.", *chosen)
        if self._wire.execute(SMART, EXECUTE_OFFLINE, 0, SMART_SIGNATURE | CODES[kind]).failed:
            sheet.say(f"Command {command} failed: scsi error aborted command")
            sheet.status |= COMMAND_FAILED
            return
        if spans:
            sheet.say(f"Drive command {command} successful.", "Testing has begun.")
            return
        self._capability_data(sheet, page)
        minutes = sheet.data.pop("ata_smart_data")["self_test"]["polling_minutes"][KINDS[CODES[kind]]]
        sheet.say(
            f"Drive command {command} successful.",
            "Testing has begun.",
            f"Please wait {minutes} minutes for test to complete.",
            f"Test will complete after {sheet.clock(minutes * 60)}",
            "Use smartctl -X to abort test.",
        )

    def abort(self, sheet: Sheet) -> None:
        sheet.say(
            "=== START OF OFFLINE IMMEDIATE AND SELF-TEST SECTION ===",
            'Sending command: "Abort SMART off-line mode self-test routine".',
            "Self-testing aborted!",
        )
        self._wire.execute(SMART, EXECUTE_OFFLINE, 0, SMART_SIGNATURE | ABORT)


def _string(swapped: bytes) -> str:
    return bytes(swapped[i ^ 1] for i in range(len(swapped))).decode("ascii").strip()


def _counters(sheet: Sheet, printed: list[dict[str, Any]], read: list[dict[str, Any]]) -> None:
    """What smartctl repeats outside the table: of the printed rows, but the temperature of all that were read."""
    raw = {row["id"]: row["raw"]["value"] for row in printed}
    if 9 in raw:
        sheet.data["power_on_time"] = {"hours": raw[9]}
    if 12 in raw:
        sheet.data["power_cycle_count"] = raw[12]
    raw = {row["id"]: row["raw"]["value"] for row in read}
    if 194 in raw or 190 in raw:
        sheet.data["temperature"] = {"current": raw.get(194, raw.get(190, 0)) & 0xFF}


def _execution(status: int) -> dict[str, Any]:
    words, passed = EXECUTION_JSON[status >> 4]
    left = (status & 0xF) * 10
    told: dict[str, Any] = {"value": status, "string": words.format(left)}
    if status >> 4 == 0xF:
        told["remaining_percent"] = left
    if passed is not None:
        told["passed"] = passed
    return told
