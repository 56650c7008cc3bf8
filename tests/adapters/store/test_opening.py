"""Whatever is found at a store's place: it is opened, or refused with the way out, and never replaced."""

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from orchestrator.adapters.store import migrating, opening
from orchestrator.adapters.store.mark import Mark
from orchestrator.adapters.store.schema import metadata
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.errors import StoreUnavailable, StoreUnusable
from orchestrator.model.job import ListInfo
from tests.adapters.store.days import Day
from tests.adapters.store.test_listing import some_day

FULL = bool(os.environ.get("ORCHESTRATOR_FULL"))
SECOND = Path(__file__).parent / "migrations_for_tests"
NOBODY = 65534


@pytest.fixture
def kept(path):
    """A closed store with some jobs."""
    store = SqliteStore(path)
    store.append(some_day(random.Random(1), 30).take())
    store.close()
    return path


def files(path):
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def refused(path, match, **options):
    """Opening it is refused, and nothing there is changed."""
    before = files(path)
    with pytest.raises(StoreUnusable, match=match) as caught:
        SqliteStore(path, **options)
    assert caught.value.remedy
    after = files(path)
    assert {name: text for name, text in after.items() if not name.endswith(("-wal", "-shm"))} == before
    return caught.value


def content(path):
    with sqlite3.connect(path) as connection:
        found = [line for line in connection.iterdump() if '"meta"' not in line]
    connection.close()
    return found


def test_a_folder_is_made_with_the_store(path):
    assert not path.parent.exists()
    SqliteStore(path).close()
    assert sorted(files(path)) == ["history.db", "history.db.ids"]


def test_the_recorded_tables_are_those_that_the_migrations_make():
    """Else: .venv/bin/python -m orchestrator.adapters.store.migrating"""
    assert opening.CREATED.read_text() == migrating.recorded()


def test_the_migrations_lead_to_the_schema_that_queries_are_built_from(kept):
    with create_engine(f"sqlite:///{kept}").connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
        indexes = {index.name for table in metadata.tables.values() for index in table.indexes}
        made = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        assert {name for (name,) in made} == indexes
    connection.engine.dispose()
    assert found == []


def test_the_revisions_that_are_known_without_alembic_are_alembics():
    config = Config()
    config.set_main_option("script_location", str(migrating.MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == opening.REVISIONS


def test_neither_sqlalchemy_nor_alembic_nor_pydantic_is_imported_to_open_a_store_and_find_a_job(kept):
    program = """
import sys; from pathlib import Path
from orchestrator.adapters.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1])); store.unfinished(); store.append(()); store.find(1); store.counts()
new = SqliteStore(Path(sys.argv[1] + "2")); new.close(); store.close()
print(sorted({"sqlalchemy", "alembic", "pydantic"} & set(sys.modules)))
"""
    found = subprocess.run(
        [sys.executable, "-c", program, kept], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout == "[]\n"


def test_a_store_that_is_gone_is_missed_by_its_mark(kept):
    kept.unlink()
    error = refused(kept, "is gone, though jobs up to id 30 were kept in it")
    assert error.remedy == f"restore it, or remove {kept}.ids to begin anew"
    Path(f"{kept}.ids").unlink()
    SqliteStore(kept).close()


def test_a_store_that_was_emptied_is_missed_too(kept):
    kept.write_bytes(b"")
    refused(kept, "is gone, though jobs up to id 30")
    connection = sqlite3.connect(kept)
    connection.execute("PRAGMA user_version = 1")  # a database without a table
    connection.close()
    refused(kept, "is gone, though jobs up to id 30")


def test_a_mark_that_is_none_is_refused(kept):
    Path(f"{kept}.ids").write_text("12 monkeys\n")
    assert "remove it" in refused(kept, "does not hold a job id, but '12 monkeys'").remedy


def test_a_mark_that_cannot_be_written_leaves_the_old_one(tmp_path):
    mark = Mark(tmp_path / "store.ids")
    mark.set(7)
    (tmp_path / "store.ids.new").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        mark.cover(7)
    assert (mark.value, Mark(tmp_path / "store.ids").value) == (7, 7)


def test_what_is_no_database_is_left_alone(path):
    path.parent.mkdir()
    path.write_text("slots:\n  1: {node: /dev/sda}\n" * 100)
    refused(path, "it is no SQLite database")


@pytest.mark.parametrize("sql", ["CREATE TABLE songs (id INTEGER)", "PRAGMA application_id = 77"])
def test_another_programs_database_is_left_alone(path, sql):
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.execute("CREATE TABLE IF NOT EXISTS meta (x)")
    connection.close()
    refused(path, "is a database of another program")


def test_a_newer_release_s_store_is_left_alone(kept):
    connection = sqlite3.connect(kept, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.close()
    error = refused(kept, r"was written by a newer release \(revision 0099\)")
    assert "install that release again" in error.remedy
    with pytest.raises(StoreUnusable, match="newer release"):
        SqliteStore.reader(kept)


def test_a_store_whose_first_page_is_damaged_is_refused(kept):
    pages = bytearray(kept.read_bytes())
    for at in range(100, 3000):
        pages[at] ^= 0xFF
    kept.write_bytes(pages)
    assert ".recover" in refused(kept, "it is damaged").remedy


@pytest.mark.parametrize("seed", range(500 if FULL else 60))
def test_damage_anywhere_is_refused_or_said_and_nothing_falls_over_it(kept, seed):
    """Some damage nobody can see: a flipped letter in a message."""
    dice, pages = random.Random(seed), bytearray(kept.read_bytes())
    for _ in range(dice.choice((1, 30, 3000))):
        pages[dice.randrange(100, len(pages))] ^= 1 << dice.randrange(8)
    kept.write_bytes(pages)
    try:
        store = SqliteStore(kept)
    except StoreUnusable as exc:
        assert exc.remedy
        return
    day = Day(number=1000, job_id=500)
    day.complete(day.accept())
    for ask in (
        lambda: store.select(ListInfo(order_by="ended"), []),
        lambda: store.history("SN1"),
        lambda: store.job_history(3),
        lambda: store.raw_report(3, "after"),
        lambda: store.answers("read_scan", "Model A"),
        lambda: store.append(day.take()),
        store.prune,
    ):
        try:
            ask()
        except StoreUnavailable as exc:
            assert exc.remedy
    store.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreUnusable, match="cannot be opened: File exists") as caught:
        SqliteStore(tmp_path / "state" / "history.db")
    assert "make the folder" in caught.value.remedy


@pytest.fixture
def nobody():
    """From here on the process has no rights of root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that others may look into."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_this_user_may_not_write_is_said(open_folder, nobody):
    with pytest.raises(StoreUnusable, match="cannot be opened") as caught:
        SqliteStore(open_folder / "history.db")
    assert "may be written by this user" in caught.value.remedy


def test_a_store_that_this_user_may_only_read_is_said(open_folder, request):
    path = open_folder / "history.db"
    SqliteStore(path).close()
    for file in open_folder.iterdir():
        file.chmod(0o444)
    open_folder.chmod(0o555)
    request.getfixturevalue("nobody")
    with pytest.raises(StoreUnusable, match="cannot be opened"):
        SqliteStore(path)


# An older store


@pytest.fixture
def second(monkeypatch):
    """A release with a second migration."""
    monkeypatch.setattr(opening, "REVISIONS", ("0001", "0002"))
    monkeypatch.setattr(migrating, "VERSIONS", (*migrating.VERSIONS, SECOND))


def test_an_older_store_is_migrated_and_a_copy_of_it_is_left(kept, second):
    before = content(kept)
    SqliteStore(kept).close()
    assert content(kept.with_name("history.db.before-0002")) == before
    with sqlite3.connect(kept) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0002",)
        assert connection.execute("SELECT count(*) FROM jobs WHERE more = name").fetchone() == (30,)
    connection.close()
    SqliteStore(kept).close()


def test_a_migration_that_fails_leaves_the_store_as_it_was(kept, second, monkeypatch):
    before = content(kept)
    monkeypatch.setenv("MIGRATION", "broken")
    with pytest.raises(StoreUnusable, match="could not be brought to revision 0002: no such table") as caught:
        SqliteStore(kept)
    assert "before-0002 is a copy" in caught.value.remedy
    assert content(kept) == before
    monkeypatch.setenv("MIGRATION", "")
    SqliteStore(kept).close()


def test_a_migration_that_is_killed_half_way_leaves_the_store_to_the_old_release_and_to_the_next_try(kept, second):
    before = content(kept)
    program = f"""
import sys; from pathlib import Path
from orchestrator.adapters.store import migrating, opening
from orchestrator.adapters.store.sqlite import SqliteStore
opening.REVISIONS = ("0001", "0002")
migrating.VERSIONS = (*migrating.VERSIONS, Path({str(SECOND)!r}))
SqliteStore(Path(sys.argv[1]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, kept], env=os.environ | {"MIGRATION": "killed"}, timeout=60, check=False
    )
    assert ended.returncode == -9
    assert content(kept) == before
    SqliteStore(kept).close()


def test_after_a_killed_migration_the_old_release_goes_on(kept, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(opening, "REVISIONS", ("0001", "0002"))
        patch.setattr(migrating, "VERSIONS", (*migrating.VERSIONS, SECOND))
        patch.setenv("MIGRATION", "broken")
        with pytest.raises(StoreUnusable):
            SqliteStore(kept)
    store = SqliteStore(kept)
    assert store.find(1) is not None
    store.close()
