"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBER, SMALL, TEXT = sa.BigInteger(), sa.Integer(), sa.Text()


def _column(name: str, kind: Any, *, null: bool = False, key: bool | None = None) -> sa.Column[Any]:
    """`key` False: the number is ours and not the database's."""
    more: dict[str, Any] = {} if key is None else {"autoincrement": key}
    return sa.Column(name, kind, nullable=null, **more)


def _index(table: str, column: str, *more: str, where: str = "") -> None:
    given: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
    op.create_index(f"{table}_{column}", table, list(more), **given)


def upgrade() -> None:
    op.create_table(
        "meta",
        _column("key", TEXT),
        _column("value", TEXT),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "drives",
        _column("id", ID),
        _column("serial", TEXT),
        _column("wwn", TEXT),
        _column("model", TEXT),
        _column("capacity_bytes", NUMBER),
        _column("protocol", TEXT),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("serial", "wwn", "model", "capacity_bytes", "protocol", name="drives_identity"),
    )
    _index("drives", "model", "model")
    op.create_table(
        "stays",
        _column("id", ID),
        _column("drive_id", NUMBER),
        _column("slot_id", NUMBER),
        _column("label", TEXT),
        _column("began", NUMBER),
        _column("ended", NUMBER, null=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("stays", "drive", "drive_id")
    _index("stays", "open", "slot_id", where="ended IS NULL")
    op.create_table(
        "jobs",
        _column("id", ID),
        _column("name", TEXT),
        _column("client_ref", NUMBER),
        _column("slot_id", NUMBER),
        _column("status", SMALL),
        _column("has_ended", SMALL),
        _column("progress", SMALL),
        _column("parent_id", NUMBER, null=True),
        _column("drive_id", NUMBER, null=True),
        _column("opened_by", TEXT),
        _column("message", TEXT),
        _column("reason", TEXT),
        _column("accepted", NUMBER, null=True),
        _column("started", NUMBER, null=True),
        _column("ended", NUMBER, null=True),
        _column("eta", NUMBER, null=True),
        _column("attempt", SMALL),
        _column("verdict", TEXT, null=True),
        _column("error", TEXT, null=True),
        _column("options", TEXT),
        _column("answer", TEXT),
        _column("memo", TEXT),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("jobs", "open", "id", where="has_ended = 0")
    _index("jobs", "drive", "drive_id", "name")
    for column in ("name", "client_ref", "slot_id", "status", "progress", "accepted", "started", "ended"):
        _index("jobs", column, column, where="has_ended = 1")
    op.create_table(
        "changes",
        _column("number", ID),
        _column("sequence", NUMBER),
        _column("time", NUMBER),
        _column("kind", TEXT),
        _column("job_id", NUMBER, null=True),
        _column("slot_id", NUMBER, null=True),
        _column("who", TEXT),
        _column("cause", TEXT),
        _column("body", TEXT),
        sa.PrimaryKeyConstraint("number"),
    )
    _index("changes", "job", "job_id", "time")
    op.create_table(
        "reports",
        _column("job_id", ID, key=False),
        _column("moment", TEXT),
        _column("time", NUMBER),
        _column("drive_id", NUMBER, null=True),
        _column("counters", TEXT),
        _column("raw", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("job_id", "moment"),
    )
    _index("reports", "drive", "drive_id", "time")
    op.create_table(
        "tallies",
        _column("name", TEXT),
        _column("slot_id", NUMBER, key=False),
        _column("status", SMALL, key=False),
        _column("count", NUMBER),
        sa.PrimaryKeyConstraint("name", "slot_id", "status"),
    )
    op.create_table(
        "courses",
        _column("slot_id", ID, key=False),
        _column("body", TEXT),
        sa.PrimaryKeyConstraint("slot_id"),
    )
