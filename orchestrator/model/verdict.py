"""What we conclude about a drive, and why. No evidence, no pass."""

from dataclasses import dataclass
from enum import StrEnum


class VerdictStatus(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    """Usable, with something to know: each reason names it."""
    FAIL = "fail"
    UNKNOWN = "unknown"
    """The evidence does not suffice. Never counts as good."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that fired."""

    rule: str
    """The rule's short name, stable between releases, such as "health" or "pending_sectors"."""
    text: str
    """One sentence for the person at the rack."""
    value: str = ""
    limit: str = ""
    source: str = ""
    """The line or JSON key of the tool's output that says so."""


@dataclass(frozen=True, slots=True)
class Verdict:
    status: VerdictStatus
    reasons: tuple[Reason, ...] = ()
    """Worst first. A pass has none."""
