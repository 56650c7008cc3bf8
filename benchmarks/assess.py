"""How fast kept outputs are judged: one JSON line.

    python benchmarks/assess.py [FOLDER]

Files a second on one core (reading, judging and printing JSON; the files in memory's cache), start-up of a fresh
process on one file, and the peak memory of five megabytes of junk. FOLDER is ../shared/drives, or, where that is
missing, tests/adapters/smart_outputs. The goals: 300 files a second, 0.3 s, 50 MB.
"""

import io
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

from orchestrator.adapters.smart_reader import read_report
from orchestrator.interfaces.assess import assess_files

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT.parent / "shared" / "drives", ROOT / "tests" / "adapters" / "smart_outputs")
ROUNDS = 7
START = (
    "import sys; from orchestrator.interfaces.assess import assess_files; "
    "assess_files(sys.argv[1:], as_json=True, stdin=sys.stdin.buffer, stdout=sys.stdout, stderr=sys.stderr)"
)


def files_per_second(paths: list[str]) -> list[float]:
    """Of CPU time, one figure a round."""
    rates = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(5):
            assess_files(paths, as_json=True, stdin=io.BytesIO(), stdout=io.StringIO(), stderr=io.StringIO())
        rates.append(5 * len(paths) / (time.process_time() - began))
    return sorted(rates)


def start_seconds(arguments: list[str]) -> list[float]:
    """Wall time of a fresh interpreter, one figure a round."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=60)
        took.append(time.perf_counter() - began)
    return sorted(took)


def junk_peak_bytes() -> int:
    """What Python allocated at most while reading five megabytes of broken JSON."""
    junk = b'{"a": [' + b"{}," * 1_700_000
    tracemalloc.start()
    read_report(junk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else next(folder for folder in FOLDERS if folder.is_dir())
    paths = [str(path) for path in sorted(folder.iterdir()) if path.suffix in (".txt", ".json")]
    rates, starts = files_per_second(paths), start_seconds(["-c", START, paths[0]])
    bare = start_seconds(["-c", "pass"])
    middle = ROUNDS // 2
    print(
        json.dumps(
            {
                "benchmark": "assess",
                "files": len(paths),
                "files_per_s": round(rates[middle]),
                "files_per_s_min_max": [round(rates[0]), round(rates[-1])],
                "start_s": round(starts[middle], 3),
                "start_s_min_max": [round(starts[0], 3), round(starts[-1], 3)],
                "floor_bare_python_s": round(bare[middle], 3),
                "ratio": round(starts[middle] / bare[middle], 2),
                "junk_peak_mb": round(junk_peak_bytes() / 1e6, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
