"""A SAS drive's wire: SCSI commands. Bytes as SPC-5 and SBC-4 lay them out.

INQUIRY with its VPD pages, READ CAPACITY, MODE SENSE, LOG SENSE, REQUEST SENSE, SEND DIAGNOSTIC, READ DEFECT DATA.
"""

import struct
from typing import Final

from orchestrator.model.errors import DriveBusy, Refused
from orchestrator.simulated.drive import DriveModel, Ending

KINDS: Final = {1: "short", 2: "extended"}
"""SEND DIAGNOSTIC, self-test code: the background tests."""
ABORT: Final = 4
ENDINGS: Final = {Ending.PASSED: 0x0, Ending.ABORTED: 0x1, Ending.RESET: 0x2, Ending.READ_FAILURE: 0x7}
"""Self-test results log page, low nibble; 0xF = in progress."""
FORM_FACTORS: Final = {5.25: 1, 3.5: 2, 2.5: 3, 1.8: 4}
INVALID_OPCODE, INVALID_FIELD = 0x20, 0x24


class ScsiWire:
    """SCSI commands to one drive model."""

    def __init__(self, model: DriveModel) -> None:
        self._model = model

    def cdb(self, cdb: bytes) -> tuple[bytes, int, bytes]:
        """One command: data, status, sense."""
        model = self._model
        if cdb[0] not in (0x03, 0x12):
            model.command(wakes=cdb[0] != 0x00)
        page: bytes | None
        match cdb[0]:
            case 0x00:
                return b"", 0, b""
            case 0x03:
                return self._request_sense(), 0, b""
            case 0x12:
                page = self._vital_data(cdb[2]) if cdb[1] & 1 else self._inquiry()
            case 0x1A | 0x5A:
                page = self._mode_page(cdb[0], cdb[2] & 0x3F)
            case 0x1D:
                return self._send_diagnostic(cdb[1] >> 5)
            case 0x25:
                page = struct.pack(">II", min(model.profile.sectors - 1, 0xFFFFFFFF), 512)
            case 0x9E:
                page = self._read_capacity()
            case 0x37 | 0xB7:
                page = self._defects(cdb)
            case 0x4D:
                page = self._log_page(cdb[2] & 0x3F)
            case _:
                return _illegal(INVALID_OPCODE)
        return _illegal(INVALID_FIELD) if page is None else (page, 0, b"")

    def _inquiry(self) -> bytes:
        profile = self._model.profile
        vendor, product = profile.model.split(" ", 1)
        head = bytes([0, 0, 6, 2, 91, 0, 0, 2])
        texts = (vendor, 8), (product, 16), (profile.firmware, 4)
        return head + b"".join(text.ljust(width)[:width].encode("ascii") for text, width in texts) + bytes(60)

    def _vital_data(self, number: int) -> bytes | None:
        profile = self._model.profile
        match number:
            case 0x00:
                page = bytes([0x00, 0x80, 0x83, 0xB1])
            case 0x80:
                page = self._model.answering_serial.encode("ascii")
            case 0x83:  # NAA of the logical unit, by SAS
                page = bytes([0x61, 0x03, 0, 8]) + bytes.fromhex(self._model.wwn)
            case 0xB1:
                page = struct.pack(">HBB", profile.rotation_rpm or 1, 0, FORM_FACTORS[profile.form_factor_inches])
                page = page.ljust(60, b"\0")
            case _:
                return None
        return bytes([0, number]) + struct.pack(">H", len(page)) + page

    def _read_capacity(self) -> bytes:
        profile = self._model.profile
        wide = (profile.physical_block_bytes // 512).bit_length() - 1
        return struct.pack(">QIBB", profile.sectors - 1, 512, 0, wide) + bytes(18)

    def _mode_page(self, opcode: int, number: int) -> bytes | None:
        match number:
            case 0x0A:  # control: the extended self-test's seconds, 0xFFFF if they do not fit (SPC-5)
                seconds = min(self._model.profile.extended_minutes * 60, 0xFFFF)
                page = bytes([0x0A, 10]) + bytes(8) + struct.pack(">H", seconds)
            case 0x1C:  # informational exceptions: enabled, by request
                page = bytes([0x1C, 10, 0x10, 4]) + bytes(8)
            case 0x08:
                page = bytes([0x08, 18, 0x04]) + bytes(17)
            case 0x19:
                page = bytes([0x19, 6, 6]) + bytes(5)
            case _:
                return None
        if opcode == 0x1A:
            return bytes([len(page) + 3, 0, 0, 0]) + page
        return struct.pack(">H", len(page) + 6) + bytes(6) + page

    def _request_sense(self) -> bytes:
        model = self._model
        sense = bytearray([0x70, 0, 0, 0, 0, 0, 0, 10]) + bytes(10)
        done = model.progress()
        if done is not None:  # not ready, self-test in progress, with the progress as a fraction of 65536
            sense[2], sense[12], sense[13], sense[15] = 0x02, 0x04, 0x09, 0x80
            struct.pack_into(">H", sense, 16, int(done * 65535))
        elif model.sleeping:
            sense[12], sense[13] = 0x5E, 0x04  # standby, by a command
        elif model.health_failed:
            sense[2], sense[12], sense[13] = 0x01, 0x5D, 0x10
        return bytes(sense)

    def _send_diagnostic(self, code: int) -> tuple[bytes, int, bytes]:
        if code == ABORT:
            self._model.abort()
            return b"", 0, b""
        try:
            self._model.start(KINDS.get(code, ""))
        except DriveBusy:
            return b"", 2, bytes([0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x04, 0x09]) + bytes(4)
        except Refused:
            return _illegal(INVALID_FIELD)
        return b"", 0, b""

    def _defects(self, cdb: bytes) -> bytes | None:
        if self._model.profile.is_ssd:
            return None
        wanted = cdb[2] if cdb[0] == 0x37 else cdb[1]
        count = self._model.reallocated if wanted & 0x08 else 0  # the grown list; the primary one is not told
        if cdb[0] == 0x37:
            return struct.pack(">BBH", 0, wanted & 0x1F, min(count * 8, 0xFFFF))
        return struct.pack(">BBHI", 0, wanted & 0x1F, 0, count * 8)

    def _log_page(self, number: int) -> bytes | None:
        parameters = self._log_parameters(number)
        if number == 0:
            supported = [0x00, 0x02, 0x03, 0x05, 0x06, 0x0D, 0x0E, 0x10, 0x15, 0x2F]
            body = bytes(sorted([*supported, 0x11] if self._model.profile.is_ssd else supported))
        elif parameters is None:
            return None
        else:
            body = b"".join(struct.pack(">HBB", code, 3, len(data)) + data for code, data in parameters)
        return bytes([number, 0]) + struct.pack(">H", len(body)) + body

    def _log_parameters(self, number: int) -> list[tuple[int, bytes]] | None:
        model, profile = self._model, self._model.profile
        match number:
            case 0x02 | 0x03 | 0x05:  # write, read, verify errors; parameter 5 = bytes, 6 = uncorrected
                moved = {0x02: "sectors_written", 0x03: "sectors_read", 0x05: "cycles"}[number]
                lost = model.uncorrectable if number == 0x03 else 0
                counts = {5: model.figure(moved) * 512, 6: lost}
                return [(code, struct.pack(">Q", counts.get(code, 0))) for code in range(7)]
            case 0x06:
                return [(0, struct.pack(">Q", 0))]
            case 0x0D:
                limit = profile.temperature_limit_celsius
                return [(0, bytes([0, model.temperature_celsius])), (1, bytes([0, limit]))]
            case 0x0E:
                counts = {3: 50_000, 4: model.power_cycles, 5: 600_000, 6: model.power_cycles * 7}
                dates = [(1, b"201951"), (2, b"      ")]
                return dates + [(code, struct.pack(">I", count)) for code, count in counts.items()]
            case 0x10:
                return self._self_tests()
            case 0x11 if profile.is_ssd:
                return [(1, bytes([0, 0, 0, min(model.percentage_used, 255)]))]
            case 0x15:
                return [(0, struct.pack(">I", model.power_on_hours * 60) + bytes(8))]
            case 0x2F:
                bad = bytes([0x5D, 0x10]) if model.health_failed else bytes(2)
                return [(0, bad + bytes([model.temperature_celsius, profile.temperature_limit_celsius]))]
        return None

    def _self_tests(self) -> list[tuple[int, bytes]]:
        model = self._model
        codes = {kind: code for code, kind in KINDS.items()}
        running = model.running_kind()
        entries = [bytes([codes[running] << 5 | 0xF]) + bytes(15)] if running else []
        for test in model.tests:
            lba = 0xFFFF_FFFF_FFFF_FFFF if test.lba is None else test.lba
            head = bytes([codes[test.kind] << 5 | ENDINGS[test.ending], 0])
            sense = bytes([0x03, 0x11, 0x00]) if test.lba is not None else bytes(3)  # unrecovered read error
            hours = min(test.power_on_hours, 0xFFFF)
            entries.append(head + struct.pack(">HQ", hours, lba) + sense + bytes(1))
        entries = (entries + [bytes(16)] * 20)[:20]
        return list(enumerate(entries, start=1))


def _illegal(code: int) -> tuple[bytes, int, bytes]:
    return b"", 2, bytes([0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, code]) + bytes(5)
