"""A harness on another machine: every drive of a service's rack does the recipe `intake`; each gets its report.

orchestrator serve --simulated --slots 8 --speed 10000         # or --config FILE; in another terminal
python examples/over_http.py http://127.0.0.1:8080 reports
python examples/over_http.py https://bench-7:8443 reports      # the token in ORCHESTRATOR_TOKEN
"""

import os
import sys
import urllib.request
from pathlib import Path

from orchestrator import Rack, errors

TOKEN = os.environ.get("ORCHESTRATOR_TOKEN")


def fetch_report(url: str, job_id: int, form: str) -> bytes:
    request = urllib.request.Request(f"{url}/api/v1/jobs/{job_id}/report?format={form}")  # noqa: S310 -- as named
    if TOKEN:
        request.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return bytes(answer.read())


def main(url: str, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    bad = 0
    with Rack.connect(url, token=TOKEN) as rack:
        jobs = {slot: rack.run_recipe(1, slot.id, name="intake") for slot in rack.slots() if slot.drive}
        for slot, job_id in jobs.items():
            serial = slot.drive.serial if slot.drive else ""
            try:
                result = rack.run_recipe_result(job_id)  # waits, also over a restart of the service
                verdict = rack.get_job_status(job_id).verdict
                print(f"slot {slot.label}: {serial}: {len(result.steps)} steps: {verdict.status if verdict else '?'}")
                bad += not verdict or verdict.status not in ("pass", "warn")
            except errors.NoAnswer as error:
                print(f"slot {slot.label}: {serial}: {error.code}: {error}; {error.remedy}")
                bad += 1
            for form in ("html", "junit"):
                suffix = {"html": "html", "junit": "xml"}[form]
                (folder / f"{serial}.{suffix}").write_bytes(fetch_report(rack.url, job_id, form))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
