"""The parts of a rack of real drives: the places of its file, the smartctl of this host, and no stand-in for either.

Slots with a `match` are found by udev; a file that names nodes alone needs no udevd, and is not given one.
"""

from pathlib import Path

from orchestrator.adapters.enclosure import Enclosures
from orchestrator.adapters.nodes import NodePlace, Nodes
from orchestrator.adapters.owner import Owner
from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.reader import Readers
from orchestrator.adapters.smartctl import Smartctl
from orchestrator.adapters.threads import Threads
from orchestrator.adapters.udev import Discovery
from orchestrator.model.clock import RackClock
from orchestrator.model.place import Matcher
from orchestrator.operations.declare import collect
from orchestrator.settings import RackSettings
from orchestrator.system import Parts


def parts(settings: RackSettings, file: Path, *, run: Path = Path("/run")) -> Parts:
    """Raises Refused when another process owns `file`, the rack file. `run`: where the host's /run is."""
    owner = Owner(file)
    ports = Threads()
    tool = settings.smartctl
    processes = ChildProcesses()
    access = Smartctl(processes, tool.path, sudo=tool.sudo, deadline_s=tool.deadline_s)
    surfaces, lamps = Readers(sudo=tool.sudo, deadline_s=tool.deadline_s), Enclosures(processes, sudo=tool.sudo)
    slots = sorted(settings.slots.items())
    fixed = {slot.place: NodePlace(slot.node, slot.type) for _, slot in slots if slot.node is not None}
    rules = {slot_id: slot.match.rule for slot_id, slot in slots if slot.match is not None}
    matcher = Matcher(rules)
    nodes = Nodes(fixed, access, ports)
    udev = Discovery(nodes, matcher.find, {slot_id: slot.type for slot_id, slot in slots}, ports, run=run)
    labels = {slot_id: slot.label or str(slot_id) for slot_id, slot in slots}
    keys = {slot.place: slot_id for slot_id, slot in slots if slot.node is not None}

    def close() -> None:
        ports.close()
        owner.release()

    return Parts(
        ports,
        RackClock(ports),
        labels,
        keys,
        udev.make_source if rules else nodes.make_source,
        access,
        collect(),
        plans={slot_id: slot.plan for slot_id, slot in slots if slot.plan is not None},
        surfaces=surfaces,
        lamps=lamps,
        close=close,
        matcher=matcher,
    )
