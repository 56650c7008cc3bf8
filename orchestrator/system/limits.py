"""The limits of a rack file as the rules take them: budgets, temperatures, and what slots share."""

from typing import TYPE_CHECKING

from orchestrator.model.budget import Budget, Caps, controller_of
from orchestrator.model.heat import HeatLimits

if TYPE_CHECKING:  # pydantic: only for who has read a file
    from orchestrator.settings.rack_file import RackSettings, SlotSettings, TemperatureSettings


def budget_of(described: "RackSettings") -> Budget:
    rack, controller = described.budget.rack, described.budget.controller
    return Budget(Caps(**rack.model_dump()), Caps(**controller.model_dump()))


def heat_of(given: "TemperatureSettings | None") -> HeatLimits | None:
    return HeatLimits(given.pause_celsius, given.resume_celsius) if given else None


def controller_of_slot(slot: "SlotSettings") -> str | None:
    """As its place in the file begins; None where that does not say it: a serial number, /dev/sda, a glob too early."""
    if slot.match is None:
        place = (slot.node or "").removeprefix("/dev/disk/by-path/")
        return controller_of(place) if not place.startswith("/") else None
    if slot.match.enclosure:
        return slot.match.enclosure
    if slot.match.hctl:
        return f"host{slot.match.hctl.partition(':')[0]}"
    controller = controller_of((slot.match.id_path or ("",))[0])
    return controller if controller and not any(char in controller for char in "*?[") else None
