"""`/metrics` for Prometheus, from what the feed and the published slots hold: no actor is asked, no table walked.

Counters begin at nothing with the service, as Prometheus expects.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from orchestrator.interfaces.web.events import Feed
from orchestrator.model.job import ENDED, AsyncJobStatus
from orchestrator.model.slot import SlotState

if TYPE_CHECKING:
    from orchestrator.rack import Rack

MEDIA_TYPE = CONTENT_TYPE_LATEST


class RackCollector(Collector):
    def __init__(self, rack: "Rack", feed: Feed) -> None:
        self._rack, self._feed = rack, feed

    def collect(self) -> Iterator[Metric]:
        simulated = GaugeMetricFamily("orchestrator_simulated", "1 where no drive is real.")
        simulated.add_metric([], float(self._rack.is_simulated))
        yield simulated
        slots = GaugeMetricFamily("orchestrator_slots", "Slots by state.", labels=["state"])
        states = Counter(slot.state for slot in self._rack.slots())
        for state in SlotState:
            slots.add_metric([state.value], states[state])
        yield slots
        jobs = GaugeMetricFamily("orchestrator_jobs_open", "Jobs that have not ended, by status.", labels=["status"])
        statuses = Counter(job.status for job in self._feed.open.values())
        for status in (status for status in AsyncJobStatus if status not in ENDED):
            jobs.add_metric([status.name.lower()], statuses[status])
        yield jobs
        ended = CounterMetricFamily(
            "orchestrator_jobs_ended",
            "Jobs that ended since the service began; no_answer = FAILED, none = answered without judging.",
            labels=["operation", "verdict"],
        )
        for (name, verdict), count in sorted(self._feed.ended.items()):
            ended.add_metric([name, verdict], count)
        yield ended
        listeners = GaugeMetricFamily("orchestrator_event_listeners", "Who reads the live events.")
        listeners.add_metric([], len(self._feed.listeners))
        yield listeners
        dropped = CounterMetricFamily("orchestrator_event_listeners_dropped", "Listeners that did not read.")
        dropped.add_metric([], self._feed.dropped)
        yield dropped


def text(registry: CollectorRegistry) -> bytes:
    return generate_latest(registry)


def registry_of(rack: "Rack", feed: Feed) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(RackCollector(rack, feed))
    return registry
