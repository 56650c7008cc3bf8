"""What the codes and words of a self-test log mean, for all three protocols. Tables only.

Sources: smartmontools ataprint.cpp (ataPrintSmartSelfTestEntry), nvmeprint.cpp (print_self_test_log) and scsiprint.cpp
(scsiPrintSelfTest); ACS-4 9.6, NVM Express Base 2.0 section 5.16.1.7, SPC-5 7.3.20.
"""

from orchestrator.model.report import SelfTestOutcome

_P, _F, _A, _R, _U = (
    SelfTestOutcome.PASSED,
    SelfTestOutcome.FAILED,
    SelfTestOutcome.ABORTED,
    SelfTestOutcome.RUNNING,
    SelfTestOutcome.UNKNOWN,
)
ATA_OUTCOME = {0: _P, 1: _A, 2: _A, 3: _F, 4: _F, 5: _F, 6: _F, 7: _F, 8: _F, 15: _R}
"""By the high nibble of the status byte."""
NVME_OUTCOME = {0: _P, 1: _A, 2: _A, 3: _A, 4: _A, 5: _F, 6: _F, 7: _F, 8: _A, 9: _A}
SCSI_OUTCOME = {0: _P, 1: _A, 2: _A, 3: _F, 4: _F, 5: _F, 6: _F, 7: _F, 15: _R}
"""3 is an error of unknown kind that ended the test; smartd counts 3 to 7 as failed (scsiCountFailedSelfTests)."""
NVME_KIND = {1: "short", 2: "extended", 14: "vendor"}
SCSI_KIND = {0: "default", 1: "short", 2: "extended", 5: "short", 6: "extended"}

_STATUS_WORDS = (  # the first one that the status begins with decides
    ("completed without error", _P),
    ("completed: unknown failed segment", _F),
    ("completed: failed segments", _F),
    ("completed, segment failed", _F),
    ("completed: ", _F),  # unknown, electrical, servo/seek, read failure; handling damage
    ("completed", _P),  # SCSI says no more
    ("aborted", _A),
    ("interrupted", _A),
    ("fatal or unknown", _F),
    ("unknown error, incomplete", _F),
    ("failed in ", _F),
    ("self-test routine in progress", _R),
    ("self test in progress", _R),
)
_KIND_WORDS = (
    ("short", "short"),
    ("extended", "extended"),
    ("long", "extended"),
    ("conveyance", "conveyance"),
    ("selective", "selective"),
    ("background short", "short"),
    ("background long", "extended"),
    ("foreground short", "short"),
    ("foreground long", "extended"),
    ("vendor", "vendor"),
    ("reserved", "reserved"),
    ("offline", "offline"),
    ("default", "default"),
)


def outcome_of(words: str) -> SelfTestOutcome:
    """From the log's status column; UNKNOWN for reserved codes and words nobody prints."""
    words = words.lower()
    return next((outcome for start, outcome in _STATUS_WORDS if words.startswith(start)), _U)


def kind_of(words: str) -> str:
    """From the log's description column: "short", "extended", ..., "reserved" for what no standard names."""
    words = words.lower()
    return next((kind for start, kind in _KIND_WORDS if words.startswith(start)), "reserved")


def ata_kind(code: int) -> str:
    """From ATA's type byte; bit 7 is captive. ACS-4: 40h-7Eh and 90h-FFh are the vendor's."""
    if 0x40 <= code <= 0x7E or code >= 0x90:
        return "vendor"
    return {0: "offline", 1: "short", 2: "extended", 3: "conveyance", 4: "selective"}.get(code & 0x7F, "reserved")
