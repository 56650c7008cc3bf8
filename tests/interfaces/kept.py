"""A rack file whose history holds what a test wants, and nobody who runs it."""

import json
from pathlib import Path

from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.drive import Drive
from orchestrator.model.job import EventKind
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus
from tests.adapters.store.days import FAIL, Day

SLOTS = "slots: {1: {label: A1, node: /dev/sda}, 2: {label: B2, node: /dev/sdb}, 3: {node: /dev/sdc}}"
HOSTILE = "<b>\x1b]0;owned\x07\x1b[2J[red]\u202e\nx'\"`rm`\ud800"
"""As a model, a serial number, a label, a tool's words."""


def keep(folder: Path, day: Day, **options) -> str:
    """The rack file's path."""
    path = folder / "rack.yaml"
    path.write_text(f"{SLOTS}\nstore: history.db\n")
    store = SqliteStore(folder / "history.db", **options)
    store.append(day.take())
    store.prune()
    store.close()
    return str(path)


def some_jobs() -> Day:
    """1 passed, 2 failed the drive, 3 had no answer, 4 runs, 5 waits."""
    day = Day()
    for slot_id in (1, 2):
        day.run(day.accept(slot_id, client_ref=slot_id * 10))
    day.complete(1)
    day.complete(2, answer="false", verdict=FAIL)
    day.fail(day.accept(2, name="read_scan", client_ref=30))
    day.run(day.accept(1, name="read_scan"))
    day.accept(1, name="read_health", reason="slot 1 does another job first")
    return day


def hostile_day() -> Day:
    day = Day()
    drive = Drive(HOSTILE, "", HOSTILE, 4096)
    day.change(EventKind.SLOT, "slot", slot=SlotInfo(1, HOSTILE, SlotState.READY, drive, None))
    day.run(day.accept(1, name="run_smart_test", drive=drive, options=f'{{"spans":{json.dumps(HOSTILE)}}}'))
    day.complete(1, verdict=Verdict(VerdictStatus.FAIL, (Reason("x", HOSTILE, HOSTILE, HOSTILE, HOSTILE),)))
    day.run(day.accept(1, drive=drive, reason=HOSTILE, message=HOSTILE))
    return day


def is_tame(text: str) -> bool:
    """Nothing in it that a terminal would obey."""
    return all(char.isprintable() or char == "\n" for char in text)
