"""The parts of a rack of real drives: the places of its file, the smartctl of this host, and no stand-in for either.

Slots with a `match` are found by udev; a file that names nodes alone needs no udevd, and is not given one.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.enclosure import Enclosures
from orchestrator.adapters.leftovers import take_over
from orchestrator.adapters.nodes import NodePlace, Nodes
from orchestrator.adapters.owner import Owner
from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.reader import Readers
from orchestrator.adapters.smartctl import Smartctl
from orchestrator.adapters.suites import PytestSuites
from orchestrator.adapters.threads import Threads
from orchestrator.adapters.udev import Discovery
from orchestrator.model.clock import RackClock
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.place import Matcher
from orchestrator.operations.declare import collect
from orchestrator.settings.rack_file import RackSettings
from orchestrator.system.limits import budget_of, controller_of_slot, heat_of
from orchestrator.system.store import open_store
from orchestrator.system.system import Parts


def parts(settings: RackSettings, file: Path, *, run: Path = Path("/run")) -> Parts:
    """Raises Refused when another process owns `file`, the rack file; StoreUnusable where its history cannot be opened.

    `run`: where the host's /run is.
    """
    owner = Owner(file)
    try:
        store = open_store(settings, file)
    except OrchestratorError:
        owner.release()
        raise
    ports = Threads()
    tool = settings.smartctl
    children = take_over(owner.children)
    processes = ChildProcesses(record=children)
    access = Smartctl(processes, tool.path, sudo=tool.sudo, deadline_s=tool.deadline_s)
    surfaces = Readers(sudo=tool.sudo, deadline_s=tool.deadline_s, record=children)
    lamps = Enclosures(processes, sudo=tool.sudo)
    nodes = Nodes({}, access, ports)

    def arrangement(described: RackSettings) -> dict[str, Any]:
        """What follows from the slots of the file, and changes with it."""
        slots = sorted(described.slots.items())
        fixed = {slot.place: NodePlace(slot.node, slot.type) for _, slot in slots if slot.node is not None}
        rules = {slot_id: slot.match.rule for slot_id, slot in slots if slot.match is not None}
        for key in nodes.fixed:
            if key not in fixed:
                nodes.forget(key)
        for key, place in fixed.items():
            nodes.put(key, place)
        nodes.fixed = tuple(fixed)
        matcher = Matcher(rules)
        udev = Discovery(nodes, matcher.find, {slot_id: slot.type for slot_id, slot in slots}, ports, run=run)
        heat = {slot_id: heat_of(slot.temperature or described.temperature) for slot_id, slot in slots}
        controllers = {slot_id: controller_of_slot(slot) for slot_id, slot in slots}
        return {
            "labels": {slot_id: slot.label or str(slot_id) for slot_id, slot in slots},
            "keys": {slot.place: slot_id for slot_id, slot in slots if slot.node is not None},
            "make_source": udev.make_source if rules else nodes.make_source,
            "matcher": matcher,
            "plans": {slot_id: slot.plan for slot_id, slot in slots if slot.plan is not None},
            "budget": budget_of(described),
            "recipes": lambda: described.recipes,
            "heat": {slot_id: limits for slot_id, limits in heat.items() if limits is not None},
            "controllers": {slot_id: name for slot_id, name in controllers.items() if name is not None},
        }

    def close() -> None:
        ports.close()
        children.close()
        owner.release()

    made = Parts(
        ports=ports,
        clock=RackClock(ports),
        access=access,
        operations=collect(),
        surfaces=surfaces,
        lamps=lamps,
        suites=PytestSuites(record=children),
        close=close,
        store=store,
        rearrange=lambda described: replace(made, **arrangement(described)),
        **arrangement(settings),
    )
    return made
