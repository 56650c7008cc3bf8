"""Coverage-guided fuzzing of the reader and the judge. Not part of the normal run: needs `pip install atheris`.

    python tests/fuzz/fuzz_reader.py [CORPUS_FOLDER] [-max_total_time=SECONDS]

It begins from tests/adapters/smart_outputs; what it learns goes to the folder, or is thrown away. A finding is written
to crash-... in the current folder: an exception, or a pass from a report that is not complete and healthy.
"""

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports():
    from orchestrator.adapters.smart_reader import read_report
    from orchestrator.model.judge import judge_report
    from orchestrator.model.verdict import VerdictStatus


def one_document(data: bytes) -> None:
    """Called by atheris with each document it makes up."""
    report = read_report(data)
    verdict = judge_report(report)
    if verdict.status is VerdictStatus.PASS and not (report.complete and report.health_passed and not verdict.reasons):
        raise AssertionError(verdict)


if __name__ == "__main__":
    seeds = str(Path(__file__).parents[1] / "adapters" / "smart_outputs")
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    with tempfile.TemporaryDirectory() as scratch:  # libFuzzer writes to the first folder
        atheris.Setup([sys.argv[0], *(folders or [scratch]), seeds, *options], one_document)
        atheris.Fuzz()
