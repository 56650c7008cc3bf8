"""Coverage-guided fuzzing of the reader and the judge. Not part of the normal run: needs `pip install atheris`.

    python tests/fuzz/fuzz_reader.py [CORPUS_FOLDER] [-max_total_time=SECONDS]

Without a folder it begins from tests/adapters/smart_outputs. A finding is written to crash-... in the current folder:
an exception, a verdict other than the four, a pass from a report that is not complete or whose health is not passed.
"""

import sys
from pathlib import Path

import atheris

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
    arguments = sys.argv
    if not any(not argument.startswith("-") for argument in arguments[1:]):
        arguments = [*arguments, str(Path(__file__).parents[1] / "adapters" / "smart_outputs")]
    atheris.Setup(arguments, one_document)
    atheris.Fuzz()
