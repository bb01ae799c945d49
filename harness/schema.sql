-- schema.sql -- the store of driftlead, version 1.
--
-- Tables are ours and may change; the views at the end are the contract of driftlead-db(5)
-- and may only grow.  Texts of any length lie in `blob`, once each, and are named by id; an
-- empty text is NULL and needs no blob.  Times are Unix milliseconds, UTC.  What a server
-- did not report is NULL, never -1 or 0.
--
-- The text up to the first line "-- migration N" makes version 1; each such block makes
-- version N out of N - 1.  A new store runs all of them, so that it is the same as an old
-- one that was brought up to date.

-- ---- bodies -------------------------------------------------------------------------------
--
-- The key is XXH3 of 64 bits and finds equal bytes; since it can be forged, bytes are compared
-- too, and two bodies may share a key.  Keys are filed in `digest` many at a time: those of the
-- bodies after filed.blob are not there yet.

CREATE TABLE blob (
	id     INTEGER PRIMARY KEY,
	bytes  BLOB NOT NULL                     -- as they came: NULs and broken UTF-8 included
) STRICT;

CREATE TABLE digest (
	key   INTEGER NOT NULL,                  -- XXH3-64 of the bytes, seed 0
	blob  INTEGER NOT NULL,                  -- a blob.id; no declared reference, since it is
	                                         -- written in bulk and read only to compare
	PRIMARY KEY (key, blob)
) STRICT, WITHOUT ROWID;

CREATE TABLE filed (
	one   INTEGER PRIMARY KEY CHECK (one = 1),
	blob  INTEGER NOT NULL                   -- the last body whose key is in digest
) STRICT;
INSERT INTO filed (one, blob) VALUES (1, 0);

CREATE TRIGGER blob_fixed BEFORE UPDATE ON blob
BEGIN SELECT RAISE(ABORT, 'a body is never changed'); END;
CREATE TRIGGER blob_kept BEFORE DELETE ON blob
BEGIN SELECT RAISE(ABORT, 'a body is never deleted'); END;

-- ---- suites -------------------------------------------------------------------------------
--
-- A suite is found by its digest, which covers every byte that can change a score.  Its cases
-- are written in several transactions; `done` is set by the last.

CREATE TABLE suite (
	id             INTEGER PRIMARY KEY,
	digest         TEXT NOT NULL UNIQUE,     -- SHA-256, hex
	prompt_digest  TEXT NOT NULL,            -- SHA-256 of the prompt alone
	name           TEXT NOT NULL,
	path           TEXT NOT NULL,            -- of suite.yaml, when it was read
	source         INTEGER REFERENCES blob,  -- suite.yaml as it was
	seed           INTEGER NOT NULL,         -- 64 bits without a sign
	repeats        INTEGER NOT NULL CHECK (repeats >= 1),
	ncases         INTEGER NOT NULL DEFAULT 0 CHECK (ncases >= 0),
	done           INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
	at             INTEGER NOT NULL          -- first written
) STRICT;

CREATE TABLE slice (
	suite  INTEGER NOT NULL REFERENCES suite,
	slice  INTEGER NOT NULL CHECK (slice >= 0),
	name   TEXT NOT NULL,
	share  REAL NOT NULL,                    -- of production, 0..1
	PRIMARY KEY (suite, slice)
) STRICT, WITHOUT ROWID;

-- Columns that name a body hold blob.id.  They declare no reference: looking each one up again as
-- it is written took a tenth of a run, and the id comes from the same transaction.  `driftlead
-- doctor` looks them all up.

CREATE TABLE test_case (
	id        INTEGER PRIMARY KEY,
	suite     INTEGER NOT NULL REFERENCES suite,
	name      TEXT NOT NULL,                 -- the case's id in its file
	hash      BLOB NOT NULL,                 -- 16 bytes: an edited case is another case
	slice     INTEGER,                       -- NULL: the suite has none
	cluster   TEXT,                          -- NULL: the case is its own
	weight    REAL NOT NULL,
	messages  INTEGER,                       -- JSON array of {"role", "content"}
	plain     INTEGER NOT NULL CHECK (plain IN (0, 1)),
	                                         -- 1: the one message is the input; see v_case
	input     INTEGER,
	expect    INTEGER,                       -- JSON array of texts
	tags      TEXT NOT NULL,                 -- separated by blanks
	line      INTEGER NOT NULL,              -- in the case file
	UNIQUE (suite, name)
) STRICT;

-- ---- runs ---------------------------------------------------------------------------------
--
-- A run that is 'running' (0) without a writer alive was killed, and can go on.

CREATE TABLE run (
	id             INTEGER PRIMARY KEY,
	key            TEXT NOT NULL,            -- SHA-256 over all that makes two runs the same
	suite          INTEGER NOT NULL REFERENCES suite,
	target         TEXT NOT NULL,
	target_digest  TEXT NOT NULL,
	target_config  TEXT NOT NULL,            -- JSON, without secrets
	program        TEXT NOT NULL,            -- version of driftlead
	command        TEXT NOT NULL,            -- as typed, without secrets
	host           TEXT NOT NULL,
	filter         TEXT NOT NULL,
	ncases         INTEGER NOT NULL CHECK (ncases >= 0),   -- planned
	ncalls         INTEGER NOT NULL CHECK (ncalls >= 0),   -- planned, repeats included
	state          INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
	sittings       INTEGER NOT NULL,         -- 1 plus how often it was resumed
	started        INTEGER NOT NULL,
	ended          INTEGER,                  -- of the latest sitting; NULL while running
	seconds        REAL NOT NULL,            -- over all sittings that ended
	serving        TEXT                      -- JSON: what the server says of itself
) STRICT;
CREATE INDEX run_key ON run (key);

CREATE TABLE metric (
	run              INTEGER NOT NULL REFERENCES run,
	metric           INTEGER NOT NULL CHECK (metric >= 0),  -- its place in suite.yaml, from 0
	name             TEXT NOT NULL,
	scorer           TEXT NOT NULL,
	version          INTEGER NOT NULL,       -- of the scorer
	params           TEXT NOT NULL,          -- JSON
	scale            INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 2),
	lower_is_better  INTEGER NOT NULL CHECK (lower_is_better IN (0, 1)),
	unit             TEXT NOT NULL,
	PRIMARY KEY (run, metric)
) STRICT, WITHOUT ROWID;

-- Evidence: never updated.  A row can be deleted only when the service failed (outcome 4 and
-- up), which is what resuming a run whose target was dead does; an answer stays for ever.

CREATE TABLE completion (
	run           INTEGER NOT NULL REFERENCES run,
	test_case     INTEGER NOT NULL REFERENCES test_case,
	rep           INTEGER NOT NULL CHECK (rep >= 0),
	outcome       INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 7),
	at            INTEGER NOT NULL,          -- stored
	text          INTEGER,
	reasoning     INTEGER,
	why           TEXT,                      -- up to 100 bytes stand here,
	why_long      INTEGER,                   -- longer ones there
	finish        INTEGER,
	served        INTEGER,
	fingerprint   INTEGER,
	response_id   TEXT,
	bad_utf8      INTEGER NOT NULL CHECK (bad_utf8 IN (0, 1)),
	status        INTEGER NOT NULL,          -- HTTP, 0: none
	attempts      INTEGER NOT NULL,
	tokens_in     INTEGER,
	tokens_out    INTEGER,
	ms_total      REAL NOT NULL,
	ms_first      REAL,
	ms_queue      REAL NOT NULL,
	ms_backoff    REAL NOT NULL,
	cost          REAL,
	logprobs      INTEGER,                   -- JSON: [[bytes, logprob], ...] per token
	logprob_text  INTEGER,                   -- the tokens' bytes, one after the other
	raw           INTEGER,                   -- NULL: not kept
	PRIMARY KEY (run, test_case, rep)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER completion_fixed BEFORE UPDATE ON completion
BEGIN SELECT RAISE(ABORT, 'a completion is never changed'); END;
CREATE TRIGGER completion_kept BEFORE DELETE ON completion WHEN OLD.outcome < 4
BEGIN SELECT RAISE(ABORT, 'an answer is never deleted'); END;

-- No key to `completion`: it would need an index of its own, only to be checked when the
-- service's failures are forgotten, and that statement takes their scores along.

CREATE TABLE score (
	run        INTEGER NOT NULL,
	metric     INTEGER NOT NULL,
	test_case  INTEGER NOT NULL,
	rep        INTEGER NOT NULL,
	value      REAL,                         -- NULL: not scored, and why says why
	why        TEXT,                         -- as in completion
	why_long   INTEGER,
	PRIMARY KEY (run, metric, test_case, rep),
	FOREIGN KEY (run, metric) REFERENCES metric
) STRICT, WITHOUT ROWID;

CREATE TABLE estimate (
	run       INTEGER NOT NULL,
	metric    INTEGER NOT NULL,
	slice     INTEGER NOT NULL,              -- -1: the whole suite
	at        REAL,                          -- NULL: undefined
	lo        REAL,                          -- NULL: no interval
	hi        REAL,
	n         INTEGER NOT NULL,              -- independent units
	method    TEXT NOT NULL,
	nscored   INTEGER NOT NULL,
	nmissing  INTEGER NOT NULL,
	PRIMARY KEY (run, metric, slice),
	FOREIGN KEY (run, metric) REFERENCES metric,
	CHECK ((lo IS NULL) = (hi IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE verdict (
	id       INTEGER PRIMARY KEY,
	run      INTEGER NOT NULL REFERENCES run,
	base     INTEGER REFERENCES run,         -- NULL: judged without a baseline
	gate     TEXT,                           -- NULL: of the whole release
	verdict  INTEGER NOT NULL CHECK (verdict BETWEEN 0 AND 3),
	reason   TEXT NOT NULL,
	json     TEXT NOT NULL,                  -- as --json prints it
	at       INTEGER NOT NULL
) STRICT;
CREATE INDEX verdict_run ON verdict (run, base);

CREATE TABLE baseline (
	suite_name  TEXT NOT NULL,
	name        TEXT NOT NULL,
	run         INTEGER NOT NULL REFERENCES run,
	at          INTEGER NOT NULL,
	PRIMARY KEY (suite_name, name)
) STRICT, WITHOUT ROWID;

-- What was done, in order; only ever added to.

CREATE TABLE event (
	id    INTEGER PRIMARY KEY,
	run   INTEGER REFERENCES run,            -- NULL: of no run
	at    INTEGER NOT NULL,
	kind  TEXT NOT NULL,
	text  TEXT NOT NULL
) STRICT;

CREATE TRIGGER event_fixed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER event_kept BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;

-- ---- views --------------------------------------------------------------------------------
--
-- Each is one table with scalar subqueries and no join: a column that a query does not name
-- then costs nothing, and a view may stand on the right of a LEFT JOIN and still be looked up
-- by key.

CREATE VIEW v_suite AS SELECT
	id, digest, prompt_digest, name, path,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = s.source), '') AS source,
	printf('%u', seed) AS seed, repeats, ncases, done,
	strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS created, at AS created_ms
FROM suite s;

CREATE VIEW v_slice AS SELECT suite, slice, name, share FROM slice;

CREATE VIEW v_case AS SELECT
	id, suite, name AS case_id, lower(hex(hash)) AS hash,
	ifnull(slice, -1) AS slice,
	ifnull((SELECT l.name FROM slice l WHERE l.suite = t.suite AND l.slice = t.slice), '')
		AS slice_name,
	cluster, weight,
	ifnull(CASE plain
		WHEN 1 THEN (SELECT '[{"role":"user","content":"' || replace(replace(replace(replace(
		             CAST(b.bytes AS TEXT), '\', '\\'), '"', '\"'), char(10), '\n'), char(9), '\t')
		             || '"}]' FROM blob b WHERE b.id = t.input)
		ELSE (SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = t.messages)
	END, '') AS messages,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = t.input), '') AS input,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = t.expect), '') AS expect,
	tags, line, plain
FROM test_case t;

CREATE VIEW v_run AS SELECT
	id, key, suite,
	(SELECT s.name FROM suite s WHERE s.id = r.suite) AS suite_name,
	(SELECT s.digest FROM suite s WHERE s.id = r.suite) AS suite_digest,
	(SELECT s.prompt_digest FROM suite s WHERE s.id = r.suite) AS prompt_digest,
	target, target_digest, target_config, program, command, host, filter, ncases, ncalls,
	(SELECT count(*) FROM completion c WHERE c.run = r.id) AS ndone,
	CASE state WHEN 0 THEN 'running' WHEN 1 THEN 'complete' WHEN 2 THEN 'interrupted'
	           WHEN 3 THEN 'budget' WHEN 4 THEN 'dead' END AS state,
	sittings,
	strftime('%Y-%m-%dT%H:%M:%SZ', started / 1000, 'unixepoch') AS started,
	started AS started_ms,
	strftime('%Y-%m-%dT%H:%M:%SZ', ended / 1000, 'unixepoch') AS ended, ended AS ended_ms,
	seconds, ifnull(serving, '') AS serving
FROM run r;

CREATE VIEW v_metric AS SELECT
	run, metric, name, scorer, version, params,
	CASE scale WHEN 0 THEN 'binary' WHEN 1 THEN 'unit' WHEN 2 THEN 'real' END AS scale,
	lower_is_better, unit
FROM metric;

CREATE VIEW v_completion AS SELECT
	run, test_case,
	(SELECT t.name FROM test_case t WHERE t.id = c.test_case) AS case_id,
	rep,
	CASE outcome WHEN 0 THEN 'answered' WHEN 1 THEN 'truncated' WHEN 2 THEN 'filtered'
	             WHEN 3 THEN 'declined' WHEN 4 THEN 'timeout' WHEN 5 THEN 'unavailable'
	             WHEN 6 THEN 'rejected' WHEN 7 THEN 'garbage' END AS outcome,
	outcome < 4 AS measured,
	strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS time, at AS time_ms,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.text), '') AS text,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.reasoning), '') AS reasoning,
	coalesce(why, (SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.why_long), '') AS why,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.finish), '') AS finish,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.served), '') AS served,
	ifnull((SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.fingerprint), '')
		AS fingerprint,
	ifnull(response_id, '') AS response_id, bad_utf8, status, attempts, tokens_in, tokens_out,
	ms_total, ms_first, ms_queue, ms_backoff, cost,
	(SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.logprobs) AS logprobs,
	(SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.logprob_text) AS logprob_text,
	(SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = c.raw) AS raw
FROM completion c;

CREATE VIEW v_score AS SELECT
	run, metric,
	(SELECT m.name FROM metric m WHERE m.run = s.run AND m.metric = s.metric) AS metric_name,
	test_case,
	(SELECT t.name FROM test_case t WHERE t.id = s.test_case) AS case_id,
	rep, value IS NOT NULL AS scored, value,
	coalesce(why, (SELECT CAST(b.bytes AS TEXT) FROM blob b WHERE b.id = s.why_long), '') AS why
FROM score s;

CREATE VIEW v_estimate AS SELECT
	run, metric,
	(SELECT m.name FROM metric m WHERE m.run = e.run AND m.metric = e.metric) AS metric_name,
	slice,
	ifnull((SELECT l.name FROM slice l WHERE l.slice = e.slice
	        AND l.suite = (SELECT r.suite FROM run r WHERE r.id = e.run)), '') AS slice_name,
	at IS NOT NULL AS known, at, lo IS NOT NULL AS bounded, lo, hi, n, method, nscored, nmissing
FROM estimate e;

CREATE VIEW v_verdict AS SELECT
	id, run, base, gate,
	CASE verdict WHEN 0 THEN 'PASS' WHEN 1 THEN 'FAIL' WHEN 2 THEN 'INCONCLUSIVE'
	             WHEN 3 THEN 'INVALID' END AS verdict,
	reason, json,
	strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS time, at AS time_ms
FROM verdict;

CREATE VIEW v_baseline AS SELECT
	suite_name, name, run,
	strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS time, at AS time_ms
FROM baseline;

CREATE VIEW v_event AS SELECT
	id, run,
	strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS time, at AS time_ms,
	kind, text
FROM event;

-- migration 2
--
-- ---- watches ------------------------------------------------------------------------------
--
-- A check compares one window of a watch with its reference.  All of it, with its findings, the
-- profile of its window and what it did to incidents, is one transaction.

CREATE TABLE drift_check (
	id                INTEGER PRIMARY KEY,
	key               TEXT NOT NULL UNIQUE,  -- SHA-256 of watch, end of the window and its records
	watch             TEXT NOT NULL,
	at                INTEGER NOT NULL,      -- when it was made
	from_ms           INTEGER,               -- the window holds what is later; NULL: all
	to_ms             INTEGER NOT NULL,      -- and not later than this
	records           INTEGER NOT NULL CHECK (records >= 0),
	reference         TEXT NOT NULL,         -- as in driftlead.yaml
	reference_digest  TEXT NOT NULL,         -- SHA-256 of its profile
	alpha             REAL NOT NULL CHECK (alpha >= 0 AND alpha < 1),   -- spent
	verdict           INTEGER NOT NULL CHECK (verdict BETWEEN 0 AND 2), -- as in verdict
	json              TEXT NOT NULL,         -- as --json prints it, without its watch
	UNIQUE (watch, to_ms)
) STRICT;

CREATE TABLE drift_finding (
	drift_check  INTEGER NOT NULL REFERENCES drift_check,
	place        INTEGER NOT NULL,           -- in the order in which they are printed
	feature      TEXT NOT NULL,
	detector     TEXT NOT NULL,
	effect       REAL,                       -- NULL: unknown, as the next four
	lo           REAL,
	hi           REAL,
	p            REAL,
	p_bh         REAL,
	tolerance    REAL NOT NULL,
	direction    INTEGER NOT NULL CHECK (direction BETWEEN -1 AND 1),
	verdict      INTEGER NOT NULL CHECK (verdict BETWEEN 0 AND 2),
	PRIMARY KEY (drift_check, place)
) STRICT, WITHOUT ROWID;

-- One row per piece of a profile.  Those of checks go when no later check can need them.

CREATE TABLE watch_profile (
	id           INTEGER PRIMARY KEY,
	watch        TEXT NOT NULL,
	name         TEXT,                       -- of a pinned one; NULL: a check's
	drift_check  INTEGER REFERENCES drift_check,
	season       INTEGER NOT NULL CHECK (season BETWEEN 0 AND 3),
	cell         INTEGER NOT NULL CHECK (cell >= 0),
	bytes        BLOB NOT NULL,              -- driftlead-profile(5)
	at           INTEGER NOT NULL,
	CHECK ((name IS NULL) <> (drift_check IS NULL))
) STRICT;
CREATE INDEX watch_profile_watch ON watch_profile (watch, name);

CREATE TABLE incident (
	id           INTEGER PRIMARY KEY,
	watch        TEXT NOT NULL,
	feature      TEXT NOT NULL,
	detector     TEXT NOT NULL,              -- of the finding that opened it
	onset        INTEGER,                    -- NULL: the records have no times
	opened       INTEGER NOT NULL,           -- end of the window in which it was found
	resolved     INTEGER,                    -- NULL: open
	first_check  INTEGER NOT NULL REFERENCES drift_check,
	last_check   INTEGER NOT NULL REFERENCES drift_check    -- the last that found it
) STRICT;
CREATE UNIQUE INDEX incident_open ON incident (watch, feature) WHERE resolved IS NULL;

CREATE VIEW v_drift_check AS SELECT
	id, key, watch,
	strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS time, at AS time_ms,
	strftime('%Y-%m-%dT%H:%M:%SZ', from_ms / 1000, 'unixepoch') AS from_time, from_ms,
	strftime('%Y-%m-%dT%H:%M:%SZ', to_ms / 1000, 'unixepoch') AS to_time, to_ms,
	records, reference, reference_digest, alpha,
	CASE verdict WHEN 0 THEN 'PASS' WHEN 1 THEN 'FAIL' WHEN 2 THEN 'INCONCLUSIVE' END AS verdict,
	json
FROM drift_check;

CREATE VIEW v_drift_finding AS SELECT
	drift_check, place, feature, detector, effect, lo, hi, tolerance, p, p_bh, direction,
	CASE verdict WHEN 0 THEN 'PASS' WHEN 1 THEN 'FAIL' WHEN 2 THEN 'INCONCLUSIVE' END AS verdict
FROM drift_finding;

CREATE VIEW v_watch_profile AS SELECT
	id, watch, ifnull(name, '') AS name, drift_check,
	CASE season WHEN 0 THEN 'none' WHEN 1 THEN 'hour' WHEN 2 THEN 'weekday'
	            WHEN 3 THEN 'hour of week' END AS season,
	cell, bytes,
	strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS time, at AS time_ms
FROM watch_profile;

CREATE VIEW v_incident AS SELECT
	id, watch, feature, detector,
	strftime('%Y-%m-%dT%H:%M:%SZ', onset / 1000, 'unixepoch') AS onset, onset AS onset_ms,
	strftime('%Y-%m-%dT%H:%M:%SZ', opened / 1000, 'unixepoch') AS opened, opened AS opened_ms,
	strftime('%Y-%m-%dT%H:%M:%SZ', resolved / 1000, 'unixepoch') AS resolved,
	resolved AS resolved_ms,
	first_check, last_check
FROM incident;
