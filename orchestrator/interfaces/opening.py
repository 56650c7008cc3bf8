"""Which rack a command works on: the one a file describes, or a simulated one that was asked for by name."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orchestrator.model.errors import InvalidArgument
from orchestrator.model.slot import SlotInfo

if TYPE_CHECKING:
    from orchestrator.rack import Rack


def open_rack(config: Path | None, simulated: bool) -> "Rack":
    """Raises InvalidArgument unless exactly one of the two is given; ConfigError."""
    if (config is None) is not simulated:
        raise InvalidArgument("no rack was named", remedy="give its file (--config FILE), or say --simulated")
    from orchestrator.rack import Rack  # pykka and the actors: only for those who need a rack

    return Rack.simulated() if config is None else Rack.from_config(config)


class Titled(Protocol):
    """What a rack tells of itself, here or on another machine."""

    @property
    def is_simulated(self) -> bool: ...
    def slots(self) -> tuple[SlotInfo, ...]: ...


def title(rack: Titled) -> str:
    """Said above whatever is shown of a simulated rack; "" for a real one."""
    if not rack.is_simulated:
        return ""
    return f"SIMULATED rack: {len(rack.slots())} slots, and no drive in them is real"
