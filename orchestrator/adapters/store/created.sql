CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);
CREATE TABLE drives (
    id INTEGER NOT NULL,
    serial TEXT NOT NULL,
    wwn TEXT NOT NULL,
    model TEXT NOT NULL,
    capacity_bytes BIGINT NOT NULL,
    protocol TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT drives_identity UNIQUE (serial, wwn, model, capacity_bytes, protocol)
);
CREATE INDEX drives_model ON drives (model);
CREATE TABLE stays (
    id INTEGER NOT NULL,
    drive_id BIGINT NOT NULL,
    slot_id BIGINT NOT NULL,
    label TEXT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT,
    PRIMARY KEY (id)
);
CREATE INDEX stays_drive ON stays (drive_id);
CREATE INDEX stays_open ON stays (slot_id) WHERE ended IS NULL;
CREATE TABLE jobs (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    client_ref BIGINT NOT NULL,
    slot_id BIGINT NOT NULL,
    status INTEGER NOT NULL,
    has_ended INTEGER NOT NULL,
    progress INTEGER NOT NULL,
    parent_id BIGINT,
    drive_id BIGINT,
    opened_by TEXT NOT NULL,
    message TEXT NOT NULL,
    reason TEXT NOT NULL,
    accepted BIGINT,
    started BIGINT,
    ended BIGINT,
    eta BIGINT,
    attempt INTEGER NOT NULL,
    verdict TEXT,
    error TEXT,
    options TEXT NOT NULL,
    answer TEXT NOT NULL,
    memo TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX jobs_open ON jobs (id) WHERE has_ended = 0;
CREATE INDEX jobs_drive ON jobs (drive_id, name);
CREATE INDEX jobs_name ON jobs (name) WHERE has_ended = 1;
CREATE INDEX jobs_client_ref ON jobs (client_ref) WHERE has_ended = 1;
CREATE INDEX jobs_slot_id ON jobs (slot_id) WHERE has_ended = 1;
CREATE INDEX jobs_status ON jobs (status) WHERE has_ended = 1;
CREATE INDEX jobs_progress ON jobs (progress) WHERE has_ended = 1;
CREATE INDEX jobs_accepted ON jobs (accepted) WHERE has_ended = 1;
CREATE INDEX jobs_started ON jobs (started) WHERE has_ended = 1;
CREATE INDEX jobs_ended ON jobs (ended) WHERE has_ended = 1;
CREATE TABLE changes (
    number INTEGER NOT NULL,
    sequence BIGINT NOT NULL,
    time BIGINT NOT NULL,
    kind TEXT NOT NULL,
    job_id BIGINT,
    slot_id BIGINT,
    who TEXT NOT NULL,
    cause TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (number)
);
CREATE INDEX changes_job ON changes (job_id, time);
CREATE TABLE reports (
    job_id INTEGER NOT NULL,
    moment TEXT NOT NULL,
    time BIGINT NOT NULL,
    drive_id BIGINT,
    counters TEXT NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (job_id, moment)
);
CREATE INDEX reports_drive ON reports (drive_id, time);
CREATE TABLE tallies (
    name TEXT NOT NULL,
    slot_id BIGINT NOT NULL,
    status INTEGER NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (name, slot_id, status)
);
CREATE TABLE courses (
    slot_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (slot_id)
);
INSERT INTO alembic_version (version_num) VALUES ('0001');
