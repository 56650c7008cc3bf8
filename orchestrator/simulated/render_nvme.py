"""What smartctl 7.4 prints of an NVMe drive, from the bytes that the drive answers. After its nvmeprint.cpp."""

import struct
from typing import Any, Final

from orchestrator.simulated.nvme import (
    ABORT,
    DEVICE_SELF_TEST,
    GET_LOG_PAGE,
    IDENTIFY,
    KELVIN,
    SELF_TEST_IN_PROGRESS,
    SELF_TEST_LOG,
    SMART_LOG,
    NvmeWire,
)
from orchestrator.simulated.sheet import COMMAND_FAILED, FAILING, Sheet, capacity, grouped

CODES: Final = {"short": 1, "long": 2}
RUNNING: Final = {0: "No self-test in progress", 1: "Short self-test in progress", 2: "Extended self-test in progress"}
RESULTS: Final = {
    0x0: "Completed without error",
    0x1: "Aborted: Self-test command",
    0x2: "Aborted: Controller Reset",
    0x7: "Completed: failed segments",
}
WARNINGS: Final = (
    ("spare_below_threshold", "available spare has fallen below threshold"),
    ("temperature_above_or_below_threshold", "temperature is above or below threshold"),
    ("reliability_degraded", "NVM subsystem reliability has been degraded"),
    ("media_read_only", "media has been placed in read only mode"),
    ("volatile_memory_backup_failed", "volatile memory backup device has failed"),
    ("persistent_memory_region_unreliable", "persistent memory region has become read-only or unreliable"),
)
"""Critical Warning, bit 0 first."""
COUNTERS: Final = (
    ("Data Units Read", "data_units_read", 32),
    ("Data Units Written", "data_units_written", 48),
    ("Host Read Commands", "host_reads", 64),
    ("Host Write Commands", "host_writes", 80),
    ("Controller Busy Time", "controller_busy_time", 96),
    ("Power Cycles", "power_cycles", 112),
    ("Power On Hours", "power_on_hours", 128),
    ("Unsafe Shutdowns", "unsafe_shutdowns", 144),
    ("Media and Data Integrity Errors", "media_errors", 160),
    ("Error Information Log Entries", "num_err_log_entries", 176),
)
DATA_UNIT_BYTES: Final = 512_000


class NvmePages:
    """One NVMe drive as smartctl shows it."""

    def __init__(self, wire: NvmeWire) -> None:
        self._wire = wire
        self._controller = wire.admin(IDENTIFY, 4096, 1)[1]

    def _log(self, number: int) -> bytes:
        return self._wire.admin(GET_LOG_PAGE, 4096, number)[1]

    def _ascii(self, start: int, end: int) -> str:
        return self._controller[start:end].decode("ascii").strip()

    def information(self, sheet: Sheet) -> None:
        page = self._controller
        vendor, subsystem, controller = (struct.unpack_from("<H", page, at)[0] for at in (0, 2, 78))
        oui, total = int.from_bytes(page[73:76], "little"), int.from_bytes(page[280:296], "little")
        (version,) = struct.unpack_from("<I", page, 80)
        told = f"{version >> 16}.{version >> 8 & 0xFF}"
        sheet.say(
            _line("Model Number", self._ascii(24, 64)),
            _line("Serial Number", self._ascii(4, 24)),
            _line("Firmware Version", self._ascii(64, 72)),
            _line("PCI Vendor/Subsystem ID", f"0x{vendor:04x}"),
            _line("IEEE OUI Identifier", f"0x{oui:06x}"),
            _line("Total NVM Capacity", _size(total)),
            _line("Unallocated NVM Capacity", "0"),
            _line("Controller ID", str(controller)),
            _line("NVMe Version", told),
            _line("Number of Namespaces", "1"),
        )
        sheet.data |= {
            "model_name": self._ascii(24, 64),
            "serial_number": self._ascii(4, 24),
            "firmware_version": self._ascii(64, 72),
            "nvme_pci_vendor": {"id": vendor, "subsystem_id": subsystem},
            "nvme_ieee_oui_identifier": oui,
            "nvme_total_capacity": total,
            "nvme_unallocated_capacity": 0,
            "nvme_controller_id": controller,
            "nvme_version": {"string": told, "value": version},
            "nvme_number_of_namespaces": 1,
        }
        self._namespace(sheet)
        sheet.say(_line("Local Time is", sheet.clock()))

    def _namespace(self, sheet: Sheet) -> None:
        page = self._wire.admin(IDENTIFY, 4096, 0)[1]
        sizes = struct.unpack_from("<QQQ", page, 0)
        oui, own = int.from_bytes(page[120:123], "big"), int.from_bytes(page[123:128], "big")
        whole = {"blocks": sizes[0], "bytes": sizes[0] * 512}
        names = ("size", "capacity", "utilization")
        space = {name: {"blocks": size, "bytes": size * 512} for name, size in zip(names, sizes, strict=True)}
        sheet.say(
            _line("Namespace 1 Size/Capacity", _size(sizes[0] * 512)),
            _line("Namespace 1 Utilization", _size(sizes[2] * 512)),
            _line("Namespace 1 Formatted LBA Size", "512"),
            _line("Namespace 1 IEEE EUI-64", f"{oui:06x} {own:010x}"),
        )
        sheet.data |= {
            "nvme_namespaces": [
                {"id": 1, **space, "formatted_lba_size": 512, "eui64": {"oui": oui, "ext_id": own}},
            ],
            "user_capacity": whole,
            "logical_block_size": 512,
            "smart_support": {"available": True, "enabled": True},
        }

    def capabilities(self, sheet: Sheet) -> None:
        warning, critical = (struct.unpack_from("<H", self._controller, at)[0] - KELVIN for at in (266, 268))
        sheet.say(
            _line("Firmware Updates (0x02)", "1 Slot"),
            _line("Optional Admin Commands (0x0010)", "Self_Test"),
            _line("Maximum Data Transfer Size", f"{1 << self._controller[77]} Pages"),
            _line("Warning  Comp. Temp. Threshold", f"{warning} Celsius"),
            _line("Critical Comp. Temp. Threshold", f"{critical} Celsius"),
            "",
            "Supported Power States",
            "St Op     Max   Active     Idle   RL RT WL WT  Ent_Lat  Ex_Lat",
            " 0 +     0.00W       -        -    0  0  0  0        0       0",
            "",
            "Supported LBA Sizes (NSID 0x1)",
            "Id Fmt  Data  Metadt  Rel_Perf",
            " 0 +     512       0         0",
            "",
        )

    def health(self, sheet: Sheet, *, table_follows: bool) -> None:  # noqa: ARG002
        warning = self._log(SMART_LOG)[0]
        sheet.say(f"SMART overall-health self-assessment test result: {'FAILED!' if warning else 'PASSED'}")
        told: dict[str, Any] = {"value": warning}
        if warning:
            sheet.status |= FAILING
            for bit, (key, words) in enumerate(WARNINGS):
                told[key] = bool(warning >> bit & 1)
                if told[key]:
                    sheet.say(f"- {words}")
            told["other"] = warning & ~0x3F
        sheet.data["smart_status"] = {"passed": not warning, "nvme": told}
        sheet.say("")

    def attributes(self, sheet: Sheet) -> None:
        page = self._log(SMART_LOG)
        celsius = struct.unpack_from("<H", page, 1)[0] - KELVIN
        count = {key: int.from_bytes(page[at : at + 16], "little") for _, key, at in COUNTERS}
        sheet.say(
            "SMART/Health Information (NVMe Log 0x02)",
            _line("Critical Warning", f"0x{page[0]:02x}"),
            _line("Temperature", f"{celsius} Celsius"),
            _line("Available Spare", f"{page[3]}%"),
            _line("Available Spare Threshold", f"{page[4]}%"),
            _line("Percentage Used", f"{page[5]}%"),
        )
        for words, key, _ in COUNTERS:
            bracket = f" [{capacity(count[key] * DATA_UNIT_BYTES)}]" if key.startswith("data_units") else ""
            sheet.say(_line(words, grouped(count[key]) + bracket))
        sheet.say(_line("Warning  Comp. Temperature Time", "0"), _line("Critical Comp. Temperature Time", "0"), "")
        sheet.data |= {
            "nvme_smart_health_information_log": {
                "critical_warning": page[0],
                "temperature": celsius,
                "available_spare": page[3],
                "available_spare_threshold": page[4],
                "percentage_used": page[5],
                **count,
                "warning_temp_time": 0,
                "critical_comp_time": 0,
            },
            "temperature": {"current": celsius},
            "power_cycle_count": count["power_cycles"],
            "power_on_time": {"hours": count["power_on_hours"]},
        }

    def error_log(self, sheet: Sheet) -> None:
        sheet.say("Error Information (NVMe Log 0x01, 16 of 64 entries)", "No Errors Logged", "")
        sheet.data["nvme_error_information_log"] = {"size": 64, "read": 16, "unread": 0}

    def self_test_log(self, sheet: Sheet) -> None:
        page = self._log(SELF_TEST_LOG)
        now, percent = page[0] & 0xF, page[1] & 0x7F
        sheet.say(
            "Self-test Log (NVMe Log 0x06)",
            f"Self-test status: {RUNNING[now]}" + (f" ({percent}% completed)" if now else ""),
        )
        told: dict[str, Any] = {"current_self_test_operation": {"value": now, "string": RUNNING[now]}}
        if now:
            told["current_self_test_completion_percent"] = percent
        entries = [page[4 + 28 * i : 32 + 28 * i] for i in range(20) if page[4 + 28 * i] & 0xF != 0xF]
        if entries:
            sheet.say(
                "Num  Test_Description  Status                       Power_on_Hours  Failing_LBA  NSID Seg SCT Code"
            )
            told["table"] = [_entry(sheet, i, entry) for i, entry in enumerate(entries)]
        else:
            sheet.say("No Self-tests Logged")
        sheet.say("")
        sheet.data["nvme_self_test_log"] = told

    def start(self, sheet: Sheet, kind: str) -> None:
        page = self._log(SELF_TEST_LOG)
        if page[0] & 0xF or self._command(CODES[kind]) == SELF_TEST_IN_PROGRESS:
            sheet.say(
                f"Can't start self-test without aborting current test ({page[1] & 0x7F:2d}% completed)",
                "Use smartctl -X to abort test",
            )
            sheet.status |= COMMAND_FAILED
            return
        sheet.say("Self-test has begun", "Use smartctl -X to abort test")

    def abort(self, sheet: Sheet) -> None:
        self._command(ABORT)
        sheet.say("Self-test aborted!")

    def _command(self, code: int) -> int:
        return self._wire.admin(DEVICE_SELF_TEST, 0, code)[0]


def _entry(sheet: Sheet, number: int, entry: bytes) -> dict[str, Any]:
    kind = {1: "Short", 2: "Extended"}[entry[0] >> 4]
    result = RESULTS[entry[0] & 0xF]
    (hours,) = struct.unpack_from("<Q", entry, 4)
    nsid, lba = struct.unpack_from("<IQ", entry, 12)
    failed, located = entry[0] & 0xF == 7, bool(entry[2] & 0x02)
    row: dict[str, Any] = {
        "self_test_code": {"value": entry[0] >> 4, "string": kind},
        "self_test_result": {"value": entry[0] & 0xF, "string": result},
        "power_on_hours": hours,
    }
    if failed:
        row["segment"] = entry[1]
    if entry[2] & 0x01:
        row["nsid"] = nsid
    if located:
        row["lba"] = lba
    sheet.say(
        f"{number:2d}   {kind:<16s}  {result:<26s} {hours:>16d} {lba if located else '-':>12} "
        f"{nsid if entry[2] & 0x01 else '-':>5} {entry[1] if failed else '-':>3}   -    -"
    )
    return row


def _line(name: str, value: str) -> str:
    return f"{name + ':':<36s}{value}"


def _size(number: int) -> str:
    return f"{grouped(number)} [{capacity(number)}]"
