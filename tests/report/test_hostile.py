"""What drives, tools and tests say is text in every form, and nothing that a reader would obey."""

import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import junitparser
import pytest

from orchestrator.interfaces.report.forms import FORMATS, write
from orchestrator.interfaces.report.record import Attempt, Case, Conclusion, Measured, Report, Step
from orchestrator.interfaces.report.words import cell, shown
from orchestrator.model.drive import Drive
from orchestrator.model.job import JobError
from orchestrator.model.recipe import StepOutcome
from orchestrator.model.suite import CaseOutcome
from orchestrator.model.verdict import Reason
from tests.adapters.store.days import MORNING
from tests.browser import hostile
from tests.interfaces.kept import HOSTILE, is_tame
from tests.report.test_evidence import run

FORMULAS = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", " =1+1", "\uff1d1+1", "\x00=1+1", "\u202e=1",
)  # fmt: skip
ALL = (*hostile.STRINGS, *FORMULAS, HOSTILE, "]]>&<!--", "a\ud800b", "\x85\x9b31m", "x" * 50_000, "\ufffe\uffff")


def poisoned(text: str) -> Report:
    """Every text of a report says it."""
    reason = Reason(text, text, text, text, text)
    measured = Measured(text, 1.5, text, 1.0, 2.0, True)
    step = Step(text, StepOutcome.FAIL, 2, 1.0, (reason,), (measured,), (text,))
    case = Case(text, CaseOutcome.FAILED, 1.0, text, (measured,), (3,))
    broken = run(text, Conclusion.NO_ANSWER, job_id=2, error=JobError(text, text, text), options=None)
    suite = run(text, Conclusion.FAIL, job_id=3, cases=(case,), reasons=(reason,))
    top = run(
        text, Conclusion.FAIL, options={text: text, "name": text}, answer={text: [text]}, steps=(step,),
        reasons=(reason,), measurements=(measured,), attempts=(Attempt(2, MORNING, text),), attempt=2,
        not_kept=(text,), children=(broken, suite),
    )  # fmt: skip
    return Report(1, False, text, (text,), (text,), 1, text, Drive(text, text, text, 1, None), top)


class Read(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.data = set[str](), set[str](), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.data += data


@pytest.fixture(scope="module")
def plain():
    return Read(write(poisoned("plain"), "html").decode())


def test_html_has_the_same_elements_whatever_is_said(plain):
    for text in ALL:
        found = Read(write(poisoned(text), "html").decode())
        assert found.tags == plain.tags and found.attributes == plain.attributes, text
        assert "script" not in found.tags and not {name for name in found.attributes if name.startswith("on")}
        assert shown(text) in found.data


def test_html_asks_for_nothing_from_anywhere(kept):
    for name in kept.jobs:
        text = kept.form(name, "html").decode()
        found = Read(text)
        assert found.tags.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "base", "a"})
        assert (
            "url(" not in text and "@import" not in text and "src=" not in text and "//" not in text.split("<body>")[1]
        )


def test_xml_is_read_whatever_is_said():
    for text in ALL:
        written = write(poisoned(text), "junit")
        ET.fromstring(written)  # noqa: S314 -- our own
        first, second = junitparser.JUnitXml.fromstring(written)
        assert (first.tests, first.failures, second.failures) == (1, 1, 1)


def test_no_cell_is_calculated():
    for text in ALL:
        for row in csv.reader(io.StringIO(write(poisoned(text), "csv").decode(), newline="")):
            for value in row:
                if not value.lstrip("-").replace(".", "", 1).isdecimal():
                    assert not value.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d")), value


def test_a_negative_number_stays_a_number():
    measured = Measured("celsius", -12.5, "C", None, None, None)
    text = write(replace(poisoned("x"), run=run("spin", measurements=(measured,))), "csv").decode()
    assert ",celsius,-12.5,C," in text


def test_a_terminal_obeys_nothing_of_what_is_printed():
    for text in ALL:
        for form in FORMATS:
            assert is_tame(write(poisoned(text), form).decode().replace("\r\n", "\n")), (form, text)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_stands_behind_an_apostrophe_or_a_mark(text):
    assert cell(text).startswith(("'", "\ufffd"))


def test_plain_words_stay_as_they_are():
    assert shown("Grüße, 東京  x") == "Grüße, 東京 x" and cell("a=b") == "a=b"
