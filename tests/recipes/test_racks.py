"""Which recipes a rack has: the shipped ones, those beside its file in their place, and what a changed file changes."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from orchestrator import Rack
from orchestrator.model.errors import ConfigError, InvalidArgument
from orchestrator.model.plan import Step
from orchestrator.settings.rack_file import load_rack_file
from orchestrator.settings.recipes import SHIPPED, shipped

ROOT = Path(__file__).parents[2]
OWN = "summary: our own\nsteps: [read_health]\n"
SIMULATED = "simulated: {slots: 1, speed: 10000}\n"


@pytest.fixture
def rack_file(tmp_path):
    (tmp_path / "recipes").mkdir()
    path = tmp_path / "rack.yaml"
    path.write_text(SIMULATED)
    return path


def test_a_simulated_rack_has_the_shipped_ones():
    with Rack.simulated(slots=1) as rack:
        assert rack.recipes == shipped()
        with pytest.raises(InvalidArgument, match="no recipe 'nope' in this rack") as caught:
            rack.run_recipe(1, 1, name="nope")
        assert caught.value.remedy == "it is one of: burn-in, intake, quick"


def test_a_recipe_is_read_when_it_is_wanted_and_not_at_the_start():
    code = """
import sys
from orchestrator import Rack
with Rack.simulated(slots=1) as rack:
    assert "ruamel.yaml" not in sys.modules and "pydantic" not in sys.modules
    assert len(rack.recipes) == 3
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_those_beside_the_rack_file_are_there_too_and_one_of_a_shipped_name_takes_its_place(rack_file):
    (rack_file.parent / "recipes" / "quick.yaml").write_text(OWN)
    (rack_file.parent / "recipes" / "our-own.yaml").write_text(OWN)
    (rack_file.parent / "recipes" / ".quick.yaml.swp").write_text("an editor's")
    (rack_file.parent / "recipes" / "README").write_text("not one")
    with Rack.from_config(rack_file) as rack:
        assert sorted(rack.recipes) == ["burn-in", "intake", "our-own", "quick"]
        assert rack.recipes["quick"].summary == "our own"
        assert rack.recipes["quick"].source == str(rack_file.parent / "recipes" / "quick.yaml")
        assert rack.recipes["intake"].source == ""
        result = rack.run_recipe_result(rack.run_recipe(1, 1, name="our-own"), timeout=30)
        assert [step.step for step in result.steps] == ["read_health"]


def test_mistakes_in_recipes_and_in_the_rack_file_are_told_together_at_the_start(rack_file):
    rack_file.write_text("simulated: {slots: many}\n")
    (rack_file.parent / "recipes" / "one.yaml").write_text("summary: s\nsteps: [read_helth]\n")
    (rack_file.parent / "recipes" / "two.yaml").write_text("steps: [read_health]\n")
    with pytest.raises(ConfigError) as caught:
        Rack.from_config(rack_file)
    said = str(caught.value).splitlines()
    assert [line.split(": ")[0].rsplit("/", 1)[1] for line in said] == [
        "rack.yaml:1:20",
        "one.yaml:2:9",
        "two.yaml:1:1",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("intakee", "2:40: no recipe 'intakee'; did you mean 'intake'?"),
        ("our-won", "2:40: no recipe 'our-won'; did you mean 'our-own'?"),
        ("zzz", "2:40: no recipe 'zzz'; it takes burn-in, intake, our-own, quick"),
    ],
)
def test_a_plan_that_names_no_recipe_is_a_mistake_with_its_place(rack_file, name, said):
    (rack_file.parent / "recipes" / "our-own.yaml").write_text(OWN)
    rack_file.write_text(f"{SIMULATED}plan: {{on_insert: [{{run_recipe: {{name: {name}}}}}]}}\n")
    with pytest.raises(ConfigError) as caught:
        Rack.from_config(rack_file)
    assert said in str(caught.value)


def test_a_plan_may_name_any_recipe_of_the_rack_and_does_it(rack_file):
    (rack_file.parent / "recipes" / "our-own.yaml").write_text(OWN)
    rack_file.write_text(
        f"{SIMULATED}plan: {{on_insert: [{{run_recipe: {{name: our-own}}}}, {{run_recipe: {{name: quick}}}}], "
        "on_start: test}\n"
    )
    with Rack.from_config(rack_file) as rack:
        steps = (Step("run_recipe", (("name", "our-own"),)), Step("run_recipe", (("name", "quick"),)))
        assert rack.plans[1].steps == steps
        wanted = iter(rack.events(after=0))
        seen = set[str]()
        while len(seen) < 2:
            event = next(wanted)
            if event.job is not None and event.job.name == "run_recipe" and event.job.verdict is not None:
                seen.add(rack.run_recipe_result(event.job.id, timeout=10).recipe)
        assert seen == {"our-own", "quick"}


def test_a_reload_reads_them_anew_and_a_wrong_one_changes_nothing(rack_file):
    rack_file.write_text("slots: {1: {node: /dev/null, label: x}}\nstore: none\n")
    own = rack_file.parent / "recipes" / "our-own.yaml"
    own.write_text(OWN)
    with Rack.from_config(rack_file) as rack:
        own.write_text(OWN.replace("our own", "another"))
        assert rack.recipes["our-own"].summary == "our own"
        rack.reload(rack_file)
        assert rack.recipes["our-own"].summary == "another"
        own.write_text("summary: s\nsteps: [nonsense]\n")
        with pytest.raises(ConfigError, match=r"our-own\.yaml:2:9: no operation 'nonsense'"):
            rack.reload(rack_file)
        assert rack.recipes["our-own"].summary == "another"
        own.unlink()
        rack.reload(rack_file)
        assert sorted(rack.recipes) == sorted(shipped())


def test_the_example_folder_shows_the_shipped_files_themselves():
    config = ROOT / "config"
    if not config.is_dir():
        pytest.fail("config/ is part of every checkout and source archive")
    assert (config / "recipes").resolve() == SHIPPED.resolve() or {
        path.name: path.read_bytes() for path in (config / "recipes").glob("*.yaml")
    } == {path.name: path.read_bytes() for path in SHIPPED.glob("*.yaml")}
    described = load_rack_file(config / "simulated.yaml")
    assert {recipe.name for recipe in described.recipes.values()} == set(shipped())


def test_an_installed_orchestrator_has_them(tmp_path):
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(tmp_path))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"orchestrator/recipes/{path.name}" for path in SHIPPED.glob("*.yaml")} <= names
    (source,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(source, tmp_path / "source", filter="data")
    (unpacked,) = (tmp_path / "source").iterdir()
    assert len(list((unpacked / "orchestrator" / "recipes").glob("*.yaml"))) == len(shipped())
    assert len(list((unpacked / "config" / "recipes").glob("*.yaml"))) == len(shipped())
