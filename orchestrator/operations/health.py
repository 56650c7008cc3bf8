"""What the drive says of itself right now, judged. Nothing is started, nothing is written."""

from orchestrator.model.drive import Drive
from orchestrator.model.judge import judge_report
from orchestrator.model.verdict import Verdict
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import operation


@operation(sends=("smartctl -a",), estimate=lambda *_: 5.0)
def read_health(drive: Drive, bench: Bench) -> Verdict:
    """Read the drive's health and judge it: pass, warn, fail or unknown, with reasons. Seconds.

    Raises:
        DriveRemoved, DriveChanged: the drive left its slot, or another serial answers in its place.
        ToolFailed, ToolTimeout, ToolMissing: the drive could not be read; says nothing about its health.
    Source: smartctl(8), option -a; the rules are in model/judge.py.
    """
    verdict = judge_report(bench.read(drive))
    bench.conclude(verdict)
    return verdict
