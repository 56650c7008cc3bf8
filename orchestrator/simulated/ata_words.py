"""The words that smartctl 7.4 has for what ATA drives tell in numbers. After its ataprint.cpp and atacmds.cpp."""

from typing import Final

EXECUTION: Final[dict[int, tuple[str, ...]]] = {
    0x0: ("The previous self-test routine completed", "without error or no self-test has ever ", "been run."),
    0x1: ("The self-test routine was aborted by", "the host."),
    0x2: ("The self-test routine was interrupted", "by the host with a hard or soft reset."),
    0x7: ("The previous self-test completed having", "the read element of the test failed."),
    0xF: ("Self-test routine in progress...", "{0}0% of test remaining."),
}
"""Self-test execution status, high nibble."""
EXECUTION_JSON: Final[dict[int, tuple[str, bool | None]]] = {
    0x0: ("completed without error", True),
    0x1: ("was aborted by the host", None),
    0x2: ("was interrupted by the host with a reset", None),
    0x7: ("completed with error (read test element)", False),
    0xF: ("in progress, {0}% remaining", None),
}
LOG_STATUS: Final[dict[int, tuple[str, bool | None]]] = {
    0x0: ("Completed without error", True),
    0x1: ("Aborted by host", None),
    0x2: ("Interrupted (host reset)", None),
    0x7: ("Completed: read failure", False),
    0xF: ("Self-test routine in progress", None),
}
TEST_NAMES: Final = {1: "Short offline", 2: "Extended offline", 3: "Conveyance offline", 4: "Selective offline"}
MINOR_VERSIONS: Final = {
    0x0028: "ATA8-ACS T13/1699-D revision 6",
    0x0029: "ATA8-ACS T13/1699-D revision 4",
    0x005E: "ACS-4 T13/BSR INCITS 529 revision 5",
    0x006D: "ACS-3 T13/2161-D revision 5",
}
"""IDENTIFY word 81, as far as the profiles use it."""
SATA_VERSIONS: Final = {6: "SATA 3.0", 7: "SATA 3.1", 8: "SATA 3.2"}
"""By the highest bit of IDENTIFY word 222."""


def major_version(word: int) -> str:
    """IDENTIFY word 80: the highest bit set."""
    return {8: "ATA8-ACS", 9: "ACS-2", 10: "ACS-3", 11: "ACS-4"}[word.bit_length() - 1]
