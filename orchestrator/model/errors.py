"""Every error that leaves this package.

    OrchestratorError
    ├── ConfigError        the rack file is wrong: file, line, what was meant
    ├── StoreUnusable      the history cannot be opened: damaged, of a newer version, gone
    ├── InvalidArgument    an option that the operation does not take, or out of its range
    │   └── WrongOperation     the job belongs to another operation
    ├── NotFound
    │   └── UnknownSlot, UnknownJob, UnknownOperation
    ├── JobNotFinished     the job still runs (also a TimeoutError)
    ├── Unreachable        the service of a rack gives no answer (also a ConnectionError)
    ├── Refused            we could, but will not
    │   └── SlotEmpty, SlotUnavailable, DriveBusy, NotPermitted, NotPausable, RackClosed,
    │   StoreUnavailable
    └── NoAnswer           the work broke off; says nothing about the drive's health
        ├── DriveRemoved   it left its slot
        ├── DriveChanged   another drive answers in its place
        ├── ToolFailed     smartctl or the like: ToolMissing, ToolTimeout, ToolStuck
        ├── SelfTestAborted, SelfTestStalled   by a host or a reset; no progress, or no log entry
        ├── SlotCrashed, Interrupted           our own actor or process ended, and the work cannot be taken up again
        └── JobCancelled   someone asked

A job ends FAILED with a NoAnswer or a Refused. A failing drive is a verdict and not an exception.
"""

import re
from typing import ClassVar


class OrchestratorError(Exception):
    """Anything this package raises on purpose. `str(error)` is a sentence for the person at the rack."""

    code: ClassVar[str] = "orchestrator_error"
    """The class's name in snake case: stable, and what JSON carries."""
    usual_remedy: ClassVar[str] = ""

    def __init__(self, text: str, *, remedy: str = "", slot_id: int | None = None, serial: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy or self.usual_remedy
        """What to do about it, as one sentence; "" where nobody knows."""
        self.slot_id = slot_id
        self.serial = serial

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class ConfigError(OrchestratorError):
    """The rack file is wrong. The text carries file, line and column."""


class StoreUnusable(OrchestratorError):
    """The history cannot be opened. Nothing was changed, and no other one was begun in its place."""


class InvalidArgument(OrchestratorError):
    """An argument of the wrong type, out of its range, or unknown to the operation."""


class WrongOperation(InvalidArgument):
    """A result was asked for under another operation's name."""

    usual_remedy = "ask for it with the _result of the operation that started the job"


class NotFound(OrchestratorError):
    """No such thing."""


class UnknownSlot(NotFound):
    """The rack has no slot of this id."""


class UnknownJob(NotFound):
    """No job of this id was ever opened here, or its record was removed."""


class UnknownOperation(NotFound):
    """No operation of this name is declared."""


class JobNotFinished(OrchestratorError, TimeoutError):
    """The job had not ended when the time was up. Nothing happened to it."""

    usual_remedy = "ask again, or with a longer timeout"


class Unreachable(OrchestratorError, ConnectionError):
    """The service of a rack gave no answer in time. Its jobs go on there; what was asked may have been done."""

    def __init__(
        self, text: str, *, remedy: str = "", slot_id: int | None = None, serial: str = "", host: str = ""
    ) -> None:
        super().__init__(text, remedy=remedy, slot_id=slot_id, serial=serial)
        self.host = host


class Refused(OrchestratorError):
    """We could, but will not. Nothing was sent to a drive."""


class SlotEmpty(Refused):
    """No drive is in the slot."""

    usual_remedy = "plug a drive in"


class SlotUnavailable(Refused):
    """The slot is UNKNOWN, STUCK, in CONFLICT or QUARANTINED."""


class DriveBusy(Refused):
    """The drive runs a self-test that is not this job's."""

    usual_remedy = "wait until it ends; `smartctl -X` on the drive ends it by hand"


class NotPermitted(Refused):
    """The caller may not do this."""


class NotPausable(Refused):
    """The job is not running, or its operation cannot pause."""


class RackClosed(Refused):
    """The rack takes no new work."""

    usual_remedy = "open the rack again"


class StoreUnavailable(Refused):
    """The history cannot be written now, so no new job is accepted. What runs goes on, and is written later."""


class NoAnswer(OrchestratorError):
    """The work broke off. Says nothing about the drive's health."""


class DriveRemoved(NoAnswer):
    """The drive left its slot."""

    usual_remedy = "plug the drive in again and start the job anew"


class DriveChanged(NoAnswer):
    """Another drive answers in this one's place. No further command was sent."""

    usual_remedy = "start the job anew for the drive that is in the slot now"


class ToolFailed(NoAnswer):
    """A tool (smartctl, nvme) could not do its work. `exit_status` is a bit mask for smartctl, -N for signal N."""

    def __init__(
        self,
        text: str,
        *,
        remedy: str = "",
        slot_id: int | None = None,
        serial: str = "",
        exit_status: int | None = None,
        output: str = "",
    ) -> None:
        super().__init__(text, remedy=remedy, slot_id=slot_id, serial=serial)
        self.exit_status = exit_status
        self.output = output
        """The last lines it printed."""


class ToolMissing(ToolFailed):
    """The tool is not installed, or too old for what was asked."""


class ToolTimeout(ToolFailed):
    """The tool gave no answer before its deadline, and was killed."""

    usual_remedy = "the drive may hang: pull it"


class ToolStuck(ToolTimeout):
    """The tool sleeps in the kernel and cannot even be killed: its slot is STUCK until the drive is pulled."""


class SelfTestAborted(NoAnswer):
    """The drive's self-test was ended by a host, a reset or a loss of power."""

    usual_remedy = "see who else talks to this drive, then start the job anew"


class SelfTestStalled(NoAnswer):
    """The self-test made no progress, never began, or left no log entry."""

    usual_remedy = "power the drive off and on, then start the job anew; if it stalls again, the drive is suspect"


class SlotCrashed(NoAnswer):
    """The slot's actor fell while the job ran. It was started again; the job was not."""

    usual_remedy = "start the job anew; please report the traceback in the log"


class Interrupted(NoAnswer):
    """The program ended while the job was open."""

    usual_remedy = "start the job anew"


class JobCancelled(NoAnswer):
    """Someone asked for the job's end."""


def _tree(cls: type[OrchestratorError]) -> dict[str, type[OrchestratorError]]:
    found = {cls.code: cls}
    for child in cls.__subclasses__():
        found |= _tree(child)
    return found


BY_CODE: dict[str, type[OrchestratorError]] = _tree(OrchestratorError)
"""Every error class of this file by its code."""
