"""A SATA drive's wire: ATA commands as task-file registers, and the same behind SCSI's ATA PASS-THROUGH.

Bytes as ACS-4 lays them out (IDENTIFY DEVICE, SMART READ DATA, SMART READ LOG) and SAT-4 wraps them. No general purpose
logging: everything that `smartctl -a` reads is in the SMART feature set.
"""

import struct
from dataclasses import dataclass
from typing import Final

from orchestrator.model.errors import DriveBusy, Refused
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.report import ATA_ENDINGS, execution_status
from orchestrator.simulated.spans import packed, unpacked

IDENTIFY: Final = 0xEC
CHECK_POWER_MODE: Final = 0xE5
SMART: Final = 0xB0
READ_DATA, READ_THRESHOLDS, EXECUTE_OFFLINE, READ_LOG, RETURN_STATUS = 0xD0, 0xD1, 0xD4, 0xD5, 0xDA
ENABLING: Final = (0xD2, 0xD8, 0xDB)
"""Autosave, enable, automatic off-line: accepted, and nothing follows from them."""
WRITE_LOG: Final = 0xD6
SELF_TEST_LOG: Final = 0x06
SELECTIVE_LOG: Final = 0x09
KINDS: Final = {0x01: "short", 0x02: "extended", 0x03: "conveyance", 0x04: "selective"}
ABORT: Final = 0x7F
SMART_SIGNATURE: Final = 0xC24F00
FAILING_SIGNATURE: Final = 0x2CF400
FORM_FACTORS: Final = {5.25: 1, 3.5: 2, 2.5: 3, 1.8: 4}


@dataclass(frozen=True, slots=True)
class TaskFile:
    """What a command leaves in the registers."""

    data: bytes = b""
    failed: bool = False
    """ABRT: the drive refuses the command."""
    count: int = 0
    lba: int = 0


REFUSED: Final = TaskFile(failed=True)


class AtaWire:
    """ATA commands to one drive model."""

    def __init__(self, model: DriveModel) -> None:
        self._model = model

    def execute(self, command: int, feature: int = 0, count: int = 0, lba: int = 0, sent: bytes = b"") -> TaskFile:
        """One command; `lba` carries the SMART signature and in its low byte the log or self-test."""
        model, low = self._model, lba & 0xFF
        if command == CHECK_POWER_MODE:
            return TaskFile(count=0x00 if model.sleeping else 0xFF, lba=lba)
        model.command(wakes=command != IDENTIFY)
        match command, feature:
            case 0xEC, _:
                return TaskFile(self._identify())
            case 0xB0, 0xD0:
                return TaskFile(self._smart_data())
            case 0xB0, 0xD1:
                return TaskFile(self._thresholds())
            case 0xB0, 0xD4:
                return self._execute_offline(low)
            case 0xB0, 0xD5:
                log = self._log(low)
                return TaskFile(log) if log else REFUSED
            case 0xB0, 0xD6 if low == SELECTIVE_LOG and len(sent) == 512:
                return self._write_spans(sent)
            case 0xB0, 0xDA:
                return TaskFile(count=count, lba=(FAILING_SIGNATURE if model.health_failed else SMART_SIGNATURE) | low)
            case 0xB0, _ if feature in ENABLING:
                return TaskFile(count=count, lba=lba)
        return REFUSED

    def cdb(self, cdb: bytes, sent: bytes = b"") -> tuple[bytes, int, bytes]:
        """A SCSI command to the translation layer in front of it, with what it sends: data, status, sense."""
        match cdb[0]:
            case 0x85:
                return self._pass_through(cdb[2], self.execute(cdb[14], cdb[4], cdb[6], _lba16(cdb), sent))
            case 0xA1:
                lba = cdb[5] | cdb[6] << 8 | cdb[7] << 16
                return self._pass_through(cdb[2], self.execute(cdb[9], cdb[3], cdb[4], lba, sent))
            case 0x12 if not cdb[1] & 1:
                return self._inquiry(), 0, b""
            case 0x00:
                return b"", 0, b""
        return b"", 2, bytes([0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24 if cdb[0] == 0x12 else 0x20]) + bytes(5)

    def _pass_through(self, options: int, result: TaskFile) -> tuple[bytes, int, bytes]:
        """SAT-4: the registers come back as a sense descriptor if asked for (CK_COND), or if the command failed."""
        if not result.failed and not options & 0x20:
            return result.data, 0, b""
        sense = bytearray(22)
        sense[0], sense[1], sense[3] = 0x72, 0x0B if result.failed else 0x01, 0x00 if result.failed else 0x1D
        sense[7], sense[8], sense[9] = 14, 0x09, 12
        sense[11], sense[13] = 0x04 if result.failed else 0, result.count & 0xFF
        sense[15], sense[17], sense[19] = result.lba.to_bytes(3, "little")
        sense[21] = 0x51 if result.failed else 0x50
        return result.data, 2, bytes(sense)

    def _inquiry(self) -> bytes:
        profile = self._model.profile
        head = bytes([0, 0, 5, 2, 91, 0, 0, 2])
        return head + b"ATA     " + _padded(profile.model, 16) + _padded(profile.firmware[-4:], 4) + bytes(60)

    def _execute_offline(self, code: int) -> TaskFile:
        if code == ABORT:
            self._model.abort()
            return TaskFile()
        try:
            self._model.start(KINDS.get(code, ""))
        except (DriveBusy, Refused):
            return REFUSED
        return TaskFile()

    def _identify(self) -> bytes:
        model, profile = self._model, self._model.profile
        words = [0] * 256
        words[0] = 0x0040
        words[49] = 0x0F00  # LBA, DMA
        words[61], words[60] = divmod(min(profile.sectors, 0x0FFFFFFF), 1 << 16)  # as far as 28 bits reach
        words[76], words[77] = 0x000E, 0x0006  # SATA generations 1 to 3, now 3
        words[80], words[81] = profile.major_version, profile.minor_version
        words[82], words[83], words[84] = 0x0001, 0x4400, 0x4103  # SMART; 48 bits; self-test, error log, WWN
        words[85], words[86], words[87] = words[82], words[83] & 0x3FFF, words[84]
        wide = (profile.physical_block_bytes // 512).bit_length() - 1
        words[106] = 0x6000 | wide if wide else 0x4000
        for i in range(4):
            words[108 + i] = int(model.wwn, 16) >> (48 - 16 * i) & 0xFFFF
        words[168] = FORM_FACTORS.get(profile.form_factor_inches, 0)
        words[169] = int(profile.is_ssd)  # TRIM
        words[217] = profile.rotation_rpm or 1
        words[222] = profile.sata_version
        page = bytearray(struct.pack("<256H", *words))
        page[20:40], page[46:54] = _swapped(model.answering_serial, 20), _swapped(profile.firmware, 8)
        page[54:94] = _swapped(profile.model, 40)
        struct.pack_into("<Q", page, 200, profile.sectors)
        page[510] = 0xA5
        return _checked(page)

    def _smart_data(self) -> bytes:
        model, profile = self._model, self._model.profile
        page = bytearray(512)
        page[0] = 16
        for i, line in enumerate(model.attributes()):
            head = struct.pack("<BHBB", line.id, line.flags, line.value, line.worst)
            page[2 + 12 * i : 13 + 12 * i] = head + line.raw.to_bytes(6, "little")
        page[362] = 0x00 if profile.is_ssd else 0x82
        page[363] = execution_status(model)
        struct.pack_into("<H", page, 364, 0 if profile.is_ssd else 120)
        page[367] = (
            (0x51 if profile.is_ssd else 0x5B)
            | (0x20 if profile.conveyance_minutes else 0)
            | (0x04 if model.aborts_on_command else 0)
        )
        struct.pack_into("<HB", page, 368, 0x0003, 0x01)
        page[372], page[374] = profile.short_minutes, profile.conveyance_minutes or 0
        page[373] = min(profile.extended_minutes, 0xFF)
        if profile.extended_minutes >= 0xFF:
            struct.pack_into("<H", page, 375, profile.extended_minutes)
        return _checked(page)

    def _thresholds(self) -> bytes:
        page = bytearray(512)
        page[0] = 16
        for i, line in enumerate(self._model.attributes()):
            page[2 + 12 * i], page[3 + 12 * i] = line.id, line.threshold
        return _checked(page)

    def _log(self, number: int) -> bytes | None:
        page = bytearray(512)
        page[0] = 1
        match number:
            case 0x00:  # the directory: sectors of each log
                page[2 * 0x01] = page[2 * SELF_TEST_LOG] = page[2 * SELECTIVE_LOG] = 1
            case 0x01:
                pass  # no error was ever logged
            case 0x06:
                self._fill_self_test_log(page)
            case 0x09:
                page = packed(self._model.spans, self._model.under_test())
            case _:
                return None
        return _checked(page)

    def _write_spans(self, page: bytes) -> TaskFile:
        """ACS-3: not while a self-test runs, and only with a right checksum."""
        if self._model.running_kind() is not None or sum(page) & 0xFF:
            return REFUSED
        self._model.spans = unpacked(page)
        return TaskFile()

    def _fill_self_test_log(self, page: bytearray) -> None:
        self._model.progress()
        codes = {kind: code for code, kind in KINDS.items()}
        for i, test in enumerate(reversed(self._model.tests)):
            status = ATA_ENDINGS[test.ending] << 4 | test.remaining_percent // 10
            lba = 0 if test.lba is None else min(test.lba, 0xFFFFFFFF)
            entry = struct.pack("<BBHBI", codes[test.kind], status, test.power_on_hours & 0xFFFF, 0, lba)
            page[2 + 24 * i : 2 + 24 * i + len(entry)] = entry
        page[508] = len(self._model.tests)


def _lba16(cdb: bytes) -> int:
    return cdb[8] | cdb[10] << 8 | cdb[12] << 16


def _padded(text: str, length: int) -> bytes:
    return text.ljust(length)[:length].encode("ascii")


def _swapped(text: str, length: int) -> bytes:
    """ATA strings: the bytes of each word are exchanged."""
    padded = _padded(text, length)
    return bytes(padded[i ^ 1] for i in range(length))


def _checked(page: bytearray) -> bytes:
    """With the checksum that makes all 512 bytes add up to 0."""
    page[511] = -sum(page[:511]) & 0xFF
    return bytes(page)
