"""An NVMe drive's wire: admin commands. Bytes as NVM Express Base Specification 2.0 lays them out.

IDENTIFY (controller, namespace 1, its list), GET LOG PAGE (errors, SMART, self-test), DEVICE SELF-TEST.
"""

import struct
from typing import Final

from orchestrator.model.errors import DriveBusy, Refused
from orchestrator.simulated.drive import DriveModel, Ending

GET_LOG_PAGE, IDENTIFY, DEVICE_SELF_TEST = 0x02, 0x06, 0x14
ERROR_LOG, SMART_LOG, SELF_TEST_LOG = 0x01, 0x02, 0x06
SUCCESS, INVALID_OPCODE, INVALID_FIELD = 0x000, 0x001, 0x002
INVALID_LOG_PAGE: Final = 0x109
SELF_TEST_IN_PROGRESS: Final = 0x11D
KINDS: Final = {0x1: "short", 0x2: "extended"}
ABORT: Final = 0xF
ENDINGS: Final = {Ending.PASSED: 0x0, Ending.ABORTED: 0x1, Ending.RESET: 0x2, Ending.READ_FAILURE: 0x7}
"""Self-test result: low nibble of an entry's status."""
KELVIN: Final = 273
"""As smartctl counts it."""


class NvmeWire:
    """Admin commands to one drive model."""

    def __init__(self, model: DriveModel) -> None:
        self._model = model

    def admin(self, opcode: int, length: int, cdw10: int) -> tuple[int, bytes]:
        """One command: the status field (0 = success), and up to `length` bytes."""
        if opcode == DEVICE_SELF_TEST:
            return self._self_test(cdw10 & 0xF), b""
        self._model.command()
        page: bytes | None = None
        if opcode == IDENTIFY:
            page = self._identify(cdw10 & 0xFF)
        elif opcode == GET_LOG_PAGE:
            page = self._log(cdw10 & 0xFF)
        else:
            return INVALID_OPCODE, b""
        if page is None:
            return INVALID_FIELD if opcode == IDENTIFY else INVALID_LOG_PAGE, b""
        return SUCCESS, page.ljust(length, b"\0")[:length]

    def _self_test(self, code: int) -> int:
        if code == ABORT:
            self._model.abort()
            return SUCCESS
        try:
            self._model.start(KINDS.get(code, ""))
        except DriveBusy:
            return SELF_TEST_IN_PROGRESS
        except Refused:
            return INVALID_FIELD
        return SUCCESS

    def _identify(self, what: int) -> bytes | None:
        match what:
            case 0x00:
                return self._namespace()
            case 0x01:
                return self._controller()
            case 0x02:
                return struct.pack("<I", 1).ljust(4096, b"\0")
        return None

    def _namespace(self) -> bytes:
        sectors = self._model.profile.sectors
        page = bytearray(4096)
        struct.pack_into("<QQQ", page, 0, sectors, sectors, sectors // 2)
        page[120:128] = bytes.fromhex(self._model.wwn)
        struct.pack_into("<I", page, 128, 9 << 16)  # one format: 2^9 bytes
        return bytes(page)

    def _controller(self) -> bytes:
        profile = self._model.profile
        page = bytearray(4096)
        struct.pack_into("<HH", page, 0, profile.pci_vendor, profile.pci_vendor)
        texts = (self._model.answering_serial, 20), (profile.model, 40), (profile.firmware, 8)
        page[4:72] = b"".join(text.ljust(width)[:width].encode("ascii") for text, width in texts)
        page[73:76] = profile.oui.to_bytes(3, "little")
        page[77] = 7
        struct.pack_into("<HI", page, 78, 1, 0x00010400)
        struct.pack_into("<H", page, 256, 0x0010)  # OACS: device self-test
        page[258], page[259], page[260], page[261], page[262] = 3, 3, 0x02, 0x00, 63
        limits = profile.temperature_limit_celsius + KELVIN, profile.critical_celsius + KELVIN
        struct.pack_into("<HH", page, 266, *limits)
        struct.pack_into("<Q", page, 280, profile.capacity_bytes)
        struct.pack_into("<H", page, 316, profile.extended_minutes)
        struct.pack_into("<I", page, 516, 1)  # namespaces
        return bytes(page)

    def _log(self, number: int) -> bytes | None:
        match number:
            case 0x01:
                return bytes(4096)
            case 0x02:
                return self._smart()
            case 0x06:
                return self._self_tests()
        return None

    def _smart(self) -> bytes:
        model, page = self._model, bytearray(512)
        spare, floor = model.available_spare_percent, model.profile.spare_threshold_percent
        used = min(model.percentage_used, 255)
        struct.pack_into(
            "<BHBBB", page, 0, model.critical_warning, model.temperature_celsius + KELVIN, spare, floor, used
        )
        written = model.figure("sectors_written")
        counters = {
            32: model.figure("sectors_read") // 1000,
            48: written // 1000,
            64: model.figure("sectors_read") // 64,
            80: written // 64,
            96: model.power_on_hours // 5,
            112: model.power_cycles,
            128: model.power_on_hours,
            144: model.power_cycles // 10,
            160: model.uncorrectable,
        }
        for offset, count in counters.items():
            struct.pack_into("<Q", page, offset, count)
        return bytes(page)

    def _self_tests(self) -> bytes:
        model, page = self._model, bytearray(564)
        codes = {kind: code for code, kind in KINDS.items()}
        done, running = model.progress(), model.running_kind()
        if done is not None and running is not None:
            page[0], page[1] = codes[running], int(done * 100)
        for i in range(20):
            entry = bytearray(28)
            entry[0] = 0x0F
            if i < len(model.tests):
                test = model.tests[i]
                entry[0] = codes[test.kind] << 4 | ENDINGS[test.ending]
                struct.pack_into("<Q", entry, 4, test.power_on_hours)
                if test.lba is not None:
                    entry[2] = 0x03  # namespace and LBA are valid
                    struct.pack_into("<IQ", entry, 12, 1, test.lba)
            page[4 + 28 * i : 32 + 28 * i] = entry
        return bytes(page)
