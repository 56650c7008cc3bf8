"""What is worth an alert: the rack file's rules over the rack's events and tables. No actor is asked, and none waits.

    rack.events() ──thread──▶ job_failed, verdict_fail, slot_stuck, drive_hot      as they happen
    look(), now and then ───▶ rack_full, rack_idle                                 when it has been so for 5 s
                                  └──▶ each Webhook whose rule names it

What is sent is {"type", "timestamp", "data": {"text", "host", "simulated", "slot", "job"}}; the records are as REST
has them, null where there is none.
"""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from orchestrator.interfaces import outcome
from orchestrator.interfaces.webhooks import Webhook, secret_of
from orchestrator.model.errors import JobCancelled
from orchestrator.model.heat import HOT
from orchestrator.model.job import AsyncJob, AsyncJobStatus, Event, EventKind
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.model.verdict import VerdictStatus
from orchestrator.settings.alerts import AlertSettings, Occasion

if TYPE_CHECKING:
    from orchestrator.rack import Rack

HOLDS_S = 5.0
"""Host seconds that a rack must be full or idle: between two steps of a plan nothing is open for a moment."""
LAST_TRY_S = 2.0
STUCK = (SlotState.STUCK, SlotState.CONFLICT, SlotState.QUARANTINED)

_log = logging.getLogger("orchestrator.alerts")


@dataclass(frozen=True, slots=True)
class Alert:
    occasion: Occasion
    time: datetime
    text: str
    slot: SlotInfo | None = None
    job: AsyncJob | None = None


class Alerts:
    """A context: leaving it gives what is not told yet one last try. Enter it before the rack, `follow` when that is
    open, and leave it when it is closed: a rack's last words are told too."""

    def __init__(
        self, rules: Iterable[AlertSettings], folder: Path, *, holds_s: float = HOLDS_S, first_pause_s: float = 1.0
    ) -> None:
        """`folder`: the rack file's. Raises ConfigError for a secret that is not there."""
        self._folder, self._holds_s, self._first_pause_s = folder, holds_s, first_pause_s
        self._webhooks = self._made(rules)
        self._rack: Rack | None = None
        self._reader: threading.Thread | None = None
        self._levels = {Occasion.RACK_FULL: _Level(), Occasion.RACK_IDLE: _Level()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        until = time.monotonic() + LAST_TRY_S
        if self._reader is not None:
            self._reader.join(LAST_TRY_S)
        for webhook in self._webhooks:
            webhook.end_soon()
        for webhook in self._webhooks:
            webhook.join(until - time.monotonic())

    def follow(self, rack: "Rack") -> None:
        """From the rack's first event on."""
        self._rack = rack
        self._reader = threading.Thread(target=self._follow, args=(rack, rack.events(after=0)), name="alerts")
        self._reader.daemon = True
        self._reader.start()

    def check(self, rules: Iterable[AlertSettings]) -> None:
        """Raises ConfigError for a secret that is not there. Changes nothing."""
        for rule in rules:
            secret_of(rule, self._folder)

    def take_over(self, rules: Iterable[AlertSettings]) -> None:
        """Other rules from now on. What waits under a rule that stays goes on. Raises as `check`; nothing changed."""
        before = self._webhooks
        self._webhooks = self._made(rules, before)
        for webhook in before:
            if webhook not in self._webhooks:
                webhook.end_soon()

    def _made(self, rules: Iterable[AlertSettings], before: tuple[Webhook, ...] = ()) -> tuple[Webhook, ...]:
        kept = {webhook.rule: webhook for webhook in before}
        return tuple(kept.get(rule) or Webhook(rule, self._folder, first_pause_s=self._first_pause_s) for rule in rules)

    def look(self) -> None:
        """See whether the rack is full or idle. A few times a second, from one thread."""
        if not self._webhooks or (rack := self._rack) is None:
            return
        slots, now = rack.slots(), time.monotonic()
        full = bool(slots) and all(slot.state is not SlotState.EMPTY for slot in slots)
        told = {
            Occasion.RACK_FULL: (full, f"no slot of {len(slots)} is empty"),
            Occasion.RACK_IDLE: (not rack.open_jobs(), "nothing runs, and no job waits"),
        }
        for occasion, (holds, text) in told.items():
            if self._levels[occasion].rises(holds, now, self._holds_s):
                self._tell(rack, Alert(occasion, datetime.now(UTC), text))

    def _follow(self, rack: "Rack", events: Iterator[Event]) -> None:
        eye = Eye({slot.id: slot for slot in rack.slots()})
        for number, event in enumerate(events):
            if event.kind is EventKind.GAP and number:  # the first one only says that the rack is older than we
                _log.warning("events were lost to the alerts")
            for alert in eye.see(event):
                self._tell(rack, alert)

    def _tell(self, rack: "Rack", alert: Alert) -> None:
        webhooks = [webhook for webhook in self._webhooks if alert.occasion in webhook.rule.on]
        if webhooks:
            body = _body(rack, alert)
            for webhook in webhooks:
                webhook.put(body)


def _body(rack: "Rack", alert: Alert) -> bytes:
    simulated, slot, job = rack.is_simulated, alert.slot, alert.job
    data = {
        "text": f"{'SIMULATED: ' * simulated}{alert.text}",
        "host": socket.gethostname(),
        "simulated": simulated,
        "slot": outcome.slot_json(slot, simulated=simulated) if slot else None,
        "job": outcome.job_json(job) if job else None,
    }
    return json.dumps({"type": alert.occasion, "timestamp": alert.time.isoformat(), "data": data}).encode()


class _Level:
    """Something that holds or does not. It rises once, when it has held for a while; not when it held at first."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._told: bool | None = None

    def rises(self, holds: bool, now: float, holds_s: float) -> bool:
        if self._told is None:
            self._told = holds
        if not holds:
            self._since, self._told = None, False
        elif self._since is None:
            self._since = now
        if self._told or self._since is None or now - self._since < holds_s:
            return False
        self._told = True
        return True


class Eye:
    """Which alerts an event gives, one after another. Knows what the slots were before."""

    def __init__(self, slots: dict[int, SlotInfo]) -> None:
        self._slots = slots
        self._hot: set[int] = set()

    def see(self, event: Event) -> Iterator[Alert]:
        if (slot := event.slot) is not None:
            before, self._slots[slot.id] = self._slots.get(slot.id), slot
            if slot.state in STUCK and (before is None or before.state is not slot.state):
                text = outcome.printable(f"slot {slot.label} is {slot.state}: {slot.reason}")
                yield Alert(Occasion.SLOT_STUCK, event.time, text, slot)
        elif (job := event.job) is not None and event.kind is not EventKind.PROGRESS:
            for occasion, text in self._of_job(job):
                where = self._slots.get(job.slot_id)
                label = outcome.printable(where.label if where else str(job.slot_id))
                yield Alert(occasion, event.time, f"slot {label}: job {job.id} {job.name}: {text}", where, job)

    def _of_job(self, job: AsyncJob) -> Iterator[tuple[Occasion, str]]:
        if job.has_ended:
            self._hot.discard(job.id)
            why = outcome.reasons_text(outcome.verdict_of(job))
            cancelled = job.error is not None and job.error.code == JobCancelled.code
            if job.status is AsyncJobStatus.FAILED and job.parent_id is None and not cancelled:
                yield Occasion.JOB_FAILED, f"no answer: {why}"
            if job.verdict is not None and job.verdict.status is VerdictStatus.FAIL:
                yield Occasion.VERDICT_FAIL, f"the drive fails: {why}"
        elif job.id not in self._hot and (hot := next((t for t in (job.reason, job.message) if t.startswith(HOT)), "")):
            self._hot.add(job.id)
            yield Occasion.DRIVE_HOT, hot
