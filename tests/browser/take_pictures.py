"""The pictures of README.md and docs: the dashboard of a simulated rack with a few sick drives, in a real Chromium.

    python -m tests.browser.take_pictures docs/images

rack-light.png and rack-dark.png. Each slot's state is waited for, so that the same code gives the same picture, but for
progress and temperatures.
"""

import sys
from pathlib import Path

from orchestrator import AsyncJobStatus, Rack
from orchestrator.interfaces.web.server import serve_http
from tests.browser.conftest import CHROMIUM, SOON_MS

SICK = {5: "health_failed", 9: "self_test_failure", 13: "garbage", 14: "unreadable", 16: "self_test_failure"}
LONG = (3, 4)
"""Slots whose extended self-tests still run, at this speed for minutes."""
BURN_IN = 8
PAUSED = 12
RECOVERED = 16
"""Its older self-test failed, its newest did not: a warning."""
EMPTY = 20
SPEED = 20.0
SIZE = {"width": 1600, "height": 900}


def set_up(rack: Rack) -> None:
    """Ends with every slot in the state that is to be seen. Blocks for some ten seconds."""
    for slot_id, fault in SICK.items():
        rack.simulation.inject(slot_id, fault)
    rack.simulation.pull(EMPTY)
    for slot_id in LONG:
        rack.run_smart_test(1, slot_id, kind="extended")
    rack.run_recipe(1, BURN_IN, name="burn-in")
    scan = rack.read_scan(1, PAUSED)
    events = rack.events(0)
    others = [slot_id for slot_id in range(1, 23) if slot_id not in (*LONG, BURN_IN, PAUSED, EMPTY)]
    rack.wait([rack.read_health(1, slot_id) for slot_id in others], 60)
    rack.wait(
        [rack.run_smart_test(1, 9), rack.run_smart_test(1, RECOVERED), rack.read_scan(1, 21, end_lba=2_000_000)], 60
    )
    rack.simulation.clear(RECOVERED, "self_test_failure")
    rack.wait([rack.run_smart_test(1, RECOVERED)], 60)
    if rack.get_job_status(scan).status is AsyncJobStatus.INIT:
        next(event for event in events if event.job and event.job.id == scan and event.job.started)
    rack.pause_job(scan)
    while rack.get_job_status(scan).status is not AsyncJobStatus.PAUSED:
        next(events)


def picture(url: str, scheme: str, path: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport=SIZE, color_scheme=scheme).new_page()
        page.goto(url)
        page.wait_for_selector("#link[data-link=live]", timeout=SOON_MS)
        page.screenshot(path=path)
        browser.close()


def take(folder: Path, speed: float = SPEED) -> None:
    with Rack.simulated(slots=24, speed=speed) as rack:
        set_up(rack)
        with serve_http(rack, port=0) as server:
            for scheme in ("light", "dark"):
                picture(server.url, scheme, folder / f"rack-{scheme}.png")


if __name__ == "__main__":
    take(Path(sys.argv[1]), *map(float, sys.argv[2:]))
