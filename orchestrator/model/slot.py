"""A slot: a numbered place for one drive, with the label printed on the chassis beside it."""

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.drive import Drive


class SlotState(StrEnum):
    """What may be started here. Start raises SlotEmpty on EMPTY and SlotUnavailable on the last four."""

    EMPTY = "empty"
    READY = "ready"
    BUSY = "busy"
    """A job runs; further ones queue behind it."""
    UNKNOWN = "unknown"
    """The slot cannot be seen: no udevd, or its discovery has not answered yet. Never said to be EMPTY."""
    STUCK = "stuck"
    """A child process on this drive cannot be killed. A new presence clears it."""
    CONFLICT = "conflict"
    """Two drives, or two slots, claim one place."""
    QUARANTINED = "quarantined"
    """The slot's actor fell more than 3 times in 60 s. `release_slot` clears it."""


@dataclass(frozen=True, slots=True)
class SlotInfo:
    """A slot as it was when asked."""

    id: int
    label: str
    state: SlotState
    drive: Drive | None
    """None when the slot is empty or cannot be seen."""
    job: int | None
    """The running top-level job's id."""
    reason: str = ""
    """Why the slot is UNKNOWN, STUCK, in CONFLICT or QUARANTINED, and the way out."""
    temperature_celsius: int | None = None
    """Of its drive, as last read by a job of this process; None where nobody has read it."""
    plan: str = ""
    """How far its plan is with the drive that is in it, or why nothing starts; "" where it has none."""
