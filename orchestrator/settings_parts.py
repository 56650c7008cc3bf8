"""The blocks of a rack file that are no slots: smartctl, simulated, chassis, store."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f]+$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SmartctlSettings(Part):
    path: str = Field(default="smartctl", min_length=1)
    """A name to be looked up, or a path."""
    sudo: bool = False
    """Put `sudo -n` in front."""
    deadline_s: float = Field(default=60.0, ge=1, le=3600)
    """Host seconds for one smartctl."""


class SimulatedSettings(Part):
    """A rack without hardware."""

    slots: int = Field(default=24, ge=1, le=10_000)
    speed: float = Field(default=1000.0, gt=0, le=1e6)
    """Rack seconds per real second."""
    seed: int = 0


class ChassisSettings(Part):
    """How the slots stand in the chassis, as one sees its front; slots by id, row after row, from the top left."""

    columns: int = Field(ge=1, le=100)


class StoreSettings(Part):
    """Where the rack's history is kept, and for how long."""

    path: Text | None = None
    """A file; relative to the rack file's folder. None = in the state folder: STATE_DIRECTORY (systemd sets it), else
    XDG_STATE_HOME/orchestrator, else ~/.local/state/orchestrator, under a name made from the rack file's path."""
    keep_days: float | None = Field(default=None, gt=0, le=36_500)
    """Ended jobs that are older are removed; None = kept for ever."""
    keep_jobs: int | None = Field(default=None, ge=1)
    """Only so many ended jobs are kept, the newest; None = all."""


def store_block(value: Any) -> Any:
    """`store: none`, `store: FILE`, or a block."""
    if isinstance(value, str):
        return None if value == "none" else {"path": value}
    return value
