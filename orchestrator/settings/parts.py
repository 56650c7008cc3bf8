"""The blocks of a rack file that are no slots: smartctl, simulated, chassis, store."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

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


def _faults(given: Any) -> Any:
    """A fault, or a list of them."""
    from orchestrator.simulated.drive import FAULTS  # the drive models: only for a rack that has sick ones

    words = [given] if isinstance(given, str) else given
    for word in words if isinstance(words, list) else ():
        if word not in FAULTS:
            raise PydanticCustomError(
                "refused", "{text}", {"text": f"no fault {word!r}; there are: {', '.join(FAULTS)}"}
            )
    return words


class SimulatedSettings(Part):
    """A rack without hardware."""

    slots: int = Field(default=24, ge=1, le=10_000)
    speed: float = Field(default=1000.0, gt=0, le=1e6)
    """Rack seconds per real second."""
    seed: int = 0
    faults: dict[int, Annotated[tuple[str, ...], BeforeValidator(_faults)]] = Field(default_factory=dict)
    """By slot: what is wrong with its drive from the beginning."""

    @model_validator(mode="after")
    def _in_slots(self) -> Self:
        for slot_id in self.faults:
            if not 1 <= slot_id <= self.slots:
                text = f"faults: slot {slot_id} is not there; this simulated rack has slots 1 to {self.slots}"
                raise PydanticCustomError("refused", "{text}", {"text": text})
        return self


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
