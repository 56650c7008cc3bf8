"""The parts of a rack of real drives: the nodes of its file, the smartctl of this host, and no stand-in for either."""

from orchestrator.adapters.enclosure import Enclosures
from orchestrator.adapters.nodes import NodePlace, Nodes
from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.reader import Readers
from orchestrator.adapters.smartctl import Smartctl
from orchestrator.adapters.threads import Threads
from orchestrator.model.clock import RackClock
from orchestrator.operations.declare import collect
from orchestrator.settings import RackSettings
from orchestrator.system import Parts


def parts(settings: RackSettings) -> Parts:
    ports = Threads()
    tool = settings.smartctl
    processes = ChildProcesses()
    access = Smartctl(processes, tool.path, sudo=tool.sudo, deadline_s=tool.deadline_s)
    surfaces, lamps = Readers(sudo=tool.sudo, deadline_s=tool.deadline_s), Enclosures(processes, sudo=tool.sudo)
    slots = sorted(settings.slots.items())
    nodes = Nodes({slot.place: NodePlace(slot.node, slot.type) for _, slot in slots}, access, ports)
    labels = {slot_id: slot.label or str(slot_id) for slot_id, slot in slots}
    keys = {slot.place: slot_id for slot_id, slot in slots}
    return Parts(
        ports,
        RackClock(ports),
        labels,
        keys,
        nodes.make_source,
        access,
        collect(),
        surfaces=surfaces,
        lamps=lamps,
        close=ports.close,
    )
