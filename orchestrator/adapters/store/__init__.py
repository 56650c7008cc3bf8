"""Where the history is kept: a store that lives as long as the process. The one with a file is in `sqlite.py`."""

from orchestrator.model.job import Event


class MemoryStore:
    """`Store` in a list."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, events: tuple[Event, ...]) -> None:
        self.events.extend(events)

    def last_sequence(self) -> int:
        return self.events[-1].sequence if self.events else 0
