"""What docs/service.md and docs/grafana.json show is what the program does."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.interfaces.web.events import Feed
from orchestrator.interfaces.web.metrics import registry_of, text
from orchestrator.interfaces.webhooks import sign
from orchestrator.rack import Rack
from orchestrator.settings.alerts import Occasion
from orchestrator.settings.rack_file import load_rack_file

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "service.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_alerts_of_the_page_are_a_rack_file(tmp_path):
    (block,) = [block for block in blocks("yaml") if block.startswith("alerts:")]
    path = tmp_path / "rack.yaml"
    path.write_text(f"simulated: {{}}\n{block}")
    told = {occasion for alert in load_rack_file(path).alerts for occasion in alert.on}
    assert told == set(Occasion)


def test_the_receivers_code_of_the_page_takes_our_signature_and_no_other():
    space: dict[str, Any] = {}
    (code,) = blocks("python")
    exec(code, space)  # noqa: S102 -- it is ours
    secret, body, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"type": "rack_idle"}', int(time.time())
    signature = sign(space["base64"].b64decode(secret.removeprefix("whsec_")), "msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": f"v1a,x {signature}"}
    assert space["is_ours"](secret, headers, body)
    assert not space["is_ours"](secret, headers, body + b" ")
    assert not space["is_ours"](secret, headers | {"webhook-timestamp": str(now - 301)}, body)


@pytest.fixture
def metrics():
    """Name and labels of every metric that /metrics has."""
    with Rack.simulated(slots=1) as rack:
        feed = Feed(rack)
        feed.ended["run_smart_test", "fail"] = 1
        families = list(text_string_to_metric_families(text(registry_of(rack, feed)).decode()))
    found: dict[str, set[str]] = {}
    for sample in (sample for family in families for sample in family.samples):
        found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_the_dashboard_asks_for_metrics_that_there_are(metrics):
    panels = json.loads((DOCS / "grafana.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    used = set()
    for name, labels in (match for expr in asked for match in re.findall(r"(\w+)\{([^}]*)\}", expr)):
        if name == "up":
            continue
        used.add(name)
        assert name in metrics, name
        assert set(re.findall(r"(\w+)=", labels)) <= metrics[name] | {"job"}, (name, labels)
    for expr in asked:
        for label in re.findall(r"by \((\w+)\)", expr):
            assert any(label in metrics[name] for name in used if name in expr), expr
    assert used == {name for name in metrics if not name.endswith("_created")}, "each is shown somewhere"


def test_no_panel_lies_over_another():
    panels = json.loads((DOCS / "grafana.json").read_text())["panels"]
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
