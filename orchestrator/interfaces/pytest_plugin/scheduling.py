"""pytest-xdist's `loadgroup` with a group a slot, which also goes on after a worker has crashed.

A group is read from the node ids: what xdist 3.8 puts behind them for its own groups, pytest 9.2 does not show.
xdist 3.8 also gives the whole load of a lost worker out again: what was done already, so that a new worker gets a group
without a test and waits for ever, and the very test that crashed (seen with `-n 2 --dist loadgroup` and a kill -9).
"""

from typing import Any

from xdist.scheduler.loadgroup import LoadGroupScheduling

from orchestrator.interfaces.pytest_plugin.cases import param_of, slot_in


class SlotScheduling(LoadGroupScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        slot_id = slot_in(nodeid)
        return param_of(slot_id) if slot_id is not None else str(super()._split_scope(nodeid))

    def remove_node(self, node: Any) -> str | None:
        """The test that the worker was in, if it crashed; the others of its groups are given out again."""
        left = {scope: unit for scope, unit in self.assigned_work.pop(node).items() if not all(unit.values())}
        if not left:
            return None
        crashed: str = next(nodeid for unit in left.values() for nodeid, done in unit.items() if not done)
        for unit in left.values():
            unit.update({nodeid: True for nodeid in unit if nodeid == crashed})
        self.workqueue.update({scope: unit for scope, unit in left.items() if not all(unit.values())})
        for other in self.nodes:
            self._reschedule(other)
        return crashed
