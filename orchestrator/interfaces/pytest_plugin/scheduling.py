"""pytest-xdist's `loadgroup`, which also goes on after a worker has crashed.

xdist 3.8 gives the whole load of a lost worker out again: what was done already, so that a new worker gets a group
without a test and waits for ever, and the very test that crashed (seen with `-n 2 --dist loadgroup` and a kill -9).
"""

from typing import Any

from xdist.scheduler.loadgroup import LoadGroupScheduling


class SlotScheduling(LoadGroupScheduling):  # type: ignore[misc]
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
