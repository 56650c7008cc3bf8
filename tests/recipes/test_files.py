"""A recipe's file: what it may say, and every mistake with its place and what was meant."""

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.model.errors import ConfigError
from orchestrator.model.plan import Fits, Step
from orchestrator.model.recipe import ANY_DRIVE, Growth, Limit, OnFail, Recipe, RecipeStep
from orchestrator.model.scan import ScanResult
from orchestrator.operations import declare
from orchestrator.settings.recipes import read_recipe

GOOD = """\
summary: A look,
  and a test.
on_fail: continue
timeout: 12h
grows: {attribute_5: 0, attribute_199: 2, media_errors: {at_most: 0, if_told: yes}}
repeat: 2
steps:
  - read_health
  - run_smart_test: {kind: extended}
    when: {protocol: [ata, scsi], least_tb: 4}
    limits: {temperature_celsius: {at_most: 60}}
    grows: {attribute_197: 0}
    repeat: 2
    on_fail: stop
    timeout: 4d
  - read_scan:
    limits:
      mean_mb_per_s: {at_least: 80, at_most: 9000}
      attribute_190_value: {at_least: 20, if_told: true}
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name="mine.yaml"):
        (tmp_path / name).write_text(text)
        return read_recipe(tmp_path / name, declare.shipped())

    return write_and_read


def test_all_that_a_recipe_may_say_is_understood_and_repeats_are_written_out(read, tmp_path):
    look = RecipeStep(Step("read_health"), ANY_DRIVE, (), (), OnFail.CONTINUE, 43_200.0)
    long_test = RecipeStep(
        Step("run_smart_test", (("kind", "extended"),)),
        Fits((Protocol.ATA, Protocol.SCSI), "*", 4 * 10**12),
        (Limit("temperature_celsius", None, 60.0),),
        (Growth("attribute_197_raw", 0.0),),
        OnFail.STOP,
        345_600.0,
    )
    limits = (Limit("mean_mb_per_s", 80.0, 9000.0), Limit("attribute_190_value", 20.0, None, if_told=True))
    scan = RecipeStep(Step("read_scan"), ANY_DRIVE, limits, (), OnFail.CONTINUE, 43_200.0)
    grows = (Growth("attribute_5_raw", 0.0), Growth("attribute_199_raw", 2.0), Growth("media_errors", 0.0, True))
    steps = (look, long_test, long_test, scan) * 2
    assert read(GOOD) == Recipe("mine", "A look, and a test.", steps, grows, str(tmp_path / "mine.yaml"))


def test_one_step_alone_may_go_without_the_list(read):
    assert [step.step for step in read("summary: s\nsteps: read_health\n").steps] == [Step("read_health")]


HEAD = "summary: s\nsteps:\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: a recipe is a block with summary and steps, not nothing"),
        ("- read_health\n", "1:1: a recipe is a block with summary and steps, not a block"),
        ("summary: s\n", "1:1: a recipe needs steps: a list of operations"),
        ("steps: [read_health]\n", "1:1: a recipe needs summary: a line that says what it is for"),
        ("summary:\nsteps: [read_health]\n", "1:1: summary takes a text of 1 to 200 characters, not nothing"),
        ("summary: s\nsteps: []\n", "2:8: a recipe needs at least one step"),
        ("summary: s\nstep: [read_health]\n", "2:1: a recipe takes no 'step'; did you mean 'steps'?"),
        (f"{HEAD}  - read_helth\n", "3:5: no operation 'read_helth'; did you mean 'read_health'?"),
        (f"{HEAD}  - run_smart_test: {{kind: long}}\n", "3:28: run_smart_test: kind is 'long'; it takes"),
        (f"{HEAD}  - run_smart_test: {{king: short}}\n", "3:22: run_smart_test takes no 'king'; did you mean 'kind'?"),
        (f"{HEAD}  - limits: {{}}\n", "3:5: a step names an operation, such as"),
        (f"{HEAD}  - read_scan:\n    limit: {{}}\n", "4:5: a step takes no 'limit'; did you mean 'limits'?"),
        (f"{HEAD}  - read_scan:\n    read_health:\n", "4:5: a step is one operation, and this one is read_scan"),
        (f"{HEAD}  - repeat: 2\n    read_scam:\n", "4:5: no operation 'read_scam'; did you mean 'read_scan'?"),
        (f"{HEAD}  - [read_health]\n", "3:5: a step is an operation's name, or"),
        (f"{HEAD}  - run_recipe: {{name: quick}}\n", "3:5: run_recipe is no step of a recipe: recipes do not nest"),
        (f"{HEAD}  - preview_recipe: {{name: quick}}\n", "3:5: preview_recipe is no step of a recipe"),
        (f"{HEAD}  - read_scan:\n    repeat: 0\n", "4:13: repeat takes a whole number from 1 to 1000, not '0'"),
        (f"{HEAD}  - read_scan:\n    repeat: 1.5\n", "4:13: repeat takes a whole number"),
        (f"{HEAD}  - read_scan:\n    repeat: {'9' * 5000}\n", "4:13: repeat takes a whole number"),
        (f"repeat: 501\n{HEAD}  - read_scan\n  - read_scan\n", "1:9: these are 1002 steps, written out"),
        (f"{HEAD}  - read_scan:\n    repeat: 1000\n  - read_scan\n", "3:3: these are 1001 steps, written out"),
        (f"{HEAD}  - read_scan:\n    on_fail: stopp\n", "4:14: on_fail takes stop or continue, not 'stopp'"),
        (f"{HEAD}  - read_scan:\n    timeout: 12\n", "4:14: timeout takes a time such as 30d, 12h or 90min, not '12'"),
        (f"{HEAD}  - read_scan:\n    timeout: 0s\n", "4:14: timeout takes more than nothing"),
        (f"{HEAD}  - read_scan:\n    timeout: {'9' * 400}d\n", "4:14: timeout takes more than nothing"),
        (f"{HEAD}  - read_scan:\n    when: ata\n", "4:11: when takes a block of `key: value`, not 'ata'"),
        (f"{HEAD}  - read_scan:\n    when: {{first_seen: yes}}\n", "4:12: when takes no 'first_seen'"),
        (f"{HEAD}  - read_scan:\n    when: {{protocol: sata}}\n", "4:22: protocol takes"),
        (f"{HEAD}  - read_scan:\n    limits: {{mean_mb_per: {{at_least: 1}}}}\n",
         "4:14: nothing here is called 'mean_mb_per'; did you mean 'mean_mb_per_s'?"),
        (f"{HEAD}  - read_health:\n    limits: {{mean_mb_per_s: {{at_least: 1}}}}\n", "4:14: nothing here is called"),
        (f"{HEAD}  - read_scan:\n    limits: {{media_errors: {{}}}}\n", "4:14: media_errors needs at_least, at_most"),
        (f"{HEAD}  - read_scan:\n    limits: {{media_errors: 0}}\n", "4:28: media_errors takes a block"),
        (f"{HEAD}  - read_scan:\n    limits: {{media_errors: {{atmost: 0}}}}\n", "4:29: media_errors takes no"),
        (f"{HEAD}  - read_scan:\n    limits: {{media_errors: {{at_most: few}}}}\n", "4:38: at_most takes a number"),
        (f"{HEAD}  - read_scan:\n    limits: {{media_errors: {{at_least: 2, at_most: 1}}}}\n", "4:51: no number is"),
        (f"{HEAD}  - read_scan:\n    grows: {{attribute_300: 0}}\n", "4:13: nothing here is called 'attribute_300'"),
        (f"{HEAD}  - read_scan:\n    grows: {{unreadable_places: 0}}\n", "4:13: nothing here is called"),
        (f"{HEAD}  - read_scan:\n    grows: {{attribute_5: -1}}\n", "4:26: attribute_5 takes a number from 0"),
        (f"{HEAD}  - read_scan:\n    grows: {{attribute_5: {{if_told: yes}}}}\n", "4:13: attribute_5 needs at_most"),
        (f"{HEAD}  - read_scan:\n    grows: {{attribute_5: 0, attribute_5_raw: 1}}\n",
         "4:29: attribute_5_raw has a limit here already"),
        (f"{HEAD}  - read_scan:\n    grows: {{attribute_5: 0, attribute_5: 1}}\n", "attribute_5 is given twice"),
        (f"{HEAD}  - &a {{read_scan: }}\n  - *a\n", "an alias, or too deep a nest; write it out flat"),
        (f"{HEAD}  - read_scan: {{\n", "expected"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_line_and_column_and_what_was_meant(read, tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'}:")
    assert said in str(caught.value)


def test_all_mistakes_are_told_at_once_each_on_its_line(read):
    with pytest.raises(ConfigError) as caught:
        read("sumary: s\nsteps:\n  - read_helth\n  - read_scan:\n    repeat: no\n    timeout: soon\n")
    lines = [line.split("mine.yaml:")[1].split(":")[0] for line in str(caught.value).splitlines()]
    assert lines == ["1", "1", "3", "5", "6"]


@pytest.mark.parametrize("name", ["Burn-in.yaml", "burn_in.yaml", "-x.yaml", "x-.yaml", "mine.yml", "a b.yaml"])
def test_a_name_that_cannot_be_typed_everywhere_is_a_mistake(read, name):
    with pytest.raises(ConfigError, match=f"small letters, digits and hyphens.*rename {name}"):
        read("summary: s\nsteps: [read_health]\n", name)


def test_a_file_that_any_user_may_write_is_not_read(read, tmp_path):
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "mine.yaml").chmod(0o666)
    with pytest.raises(ConfigError, match="may be written by any user"):
        read("summary: s\nsteps: [read_health]\n")


def test_what_a_scan_can_measure_is_what_limits_on_it_may_name():
    whole = ScanResult(0, 8, 512, 8, (), ((0, 1.0),), ((0, 100.0),), ((0, 30),), 1.0, (1.0,))
    assert {measured.name for measured in whole.measurements} == set(ScanResult.MEASURES)
