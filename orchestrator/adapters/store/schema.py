"""The tables, as SQLAlchemy has them: what queries are built from, and what the migrations lead to.

    drives ◀── stays        who was in which slot, and when
      ▲  ▲
      │  └──── reports      what a drive said before and after a job
    jobs ◀──── changes      the truth: `jobs` can be made again from it (replay.py)
    tallies, courses, meta  the ended jobs counted; how far each slot's plan is; where the numbers go on

Times are microseconds since 1970 in UTC. A change here needs a migration and a new `created.sql` (a test says so).
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number is an INTEGER and no BIGINT
_ENDED = text("has_ended = 1")

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

drives = Table(
    "drives",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("serial", Text, nullable=False),
    Column("wwn", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("capacity_bytes", BigInteger, nullable=False),  # -1 = it cannot be read: NULLs would not be unique
    Column("protocol", Text, nullable=False),
    UniqueConstraint("serial", "wwn", "model", "capacity_bytes", "protocol", name="drives_identity"),
    Index("drives_model", "model"),
)

stays = Table(
    "stays",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("drive_id", BigInteger, nullable=False),
    Column("slot_id", BigInteger, nullable=False),
    Column("label", Text, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Index("stays_drive", "drive_id"),
    Index("stays_open", "slot_id", sqlite_where=text("ended IS NULL"), postgresql_where=text("ended IS NULL")),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("client_ref", BigInteger, nullable=False),
    Column("slot_id", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("has_ended", Integer, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("parent_id", BigInteger),
    Column("drive_id", BigInteger),
    Column("opened_by", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted", BigInteger),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("eta", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("verdict", Text),
    Column("error", Text),
    Column("options", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("memo", Text, nullable=False),
    Index("jobs_open", "id", sqlite_where=text("has_ended = 0"), postgresql_where=text("has_ended = 0")),
    Index("jobs_drive", "drive_id", "name"),
    # one for each filter and order of a list; of ended jobs alone, so that a job's start writes none of them
    *(
        Index(f"jobs_{column}", column, sqlite_where=_ENDED, postgresql_where=_ENDED)
        for column in ("name", "client_ref", "slot_id", "status", "progress", "accepted", "started", "ended")
    ),
)

changes = Table(
    "changes",
    metadata,
    Column("number", _Id, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("job_id", BigInteger),
    Column("slot_id", BigInteger),
    Column("who", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("changes_job", "job_id", "time"),
)

reports = Table(
    "reports",
    metadata,
    Column("job_id", _Id, primary_key=True, autoincrement=False),
    Column("moment", Text, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("drive_id", BigInteger),
    Column("counters", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("reports_drive", "drive_id", "time"),
)

tallies = Table(
    "tallies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("status", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)

courses = Table(
    "courses",
    metadata,
    Column("slot_id", _Id, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
