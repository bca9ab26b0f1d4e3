-- What the gate found, and what it kept out.

CREATE TABLE quality_result (
    subject VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    expectation VARCHAR NOT NULL,
    rows_checked INTEGER NOT NULL,
    rows_failed INTEGER NOT NULL,
    passed BOOLEAN NOT NULL,
    evidence VARCHAR NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE quality_result IS 'One row per rule and checked feed or table, passed or not.';
COMMENT ON COLUMN quality_result.subject IS 'Feed or history table that was checked [text]';
COMMENT ON COLUMN quality_result.rule IS 'Name of the rule [text]';
COMMENT ON COLUMN quality_result.action IS 'What a failure leads to: block, quarantine or flag [text]';
COMMENT ON COLUMN quality_result.expectation IS 'Great Expectations type [text]';
COMMENT ON COLUMN quality_result.rows_checked IS 'Rows judged [1]';
COMMENT ON COLUMN quality_result.rows_failed IS 'Rows that broke the rule [1]';
COMMENT ON COLUMN quality_result.passed IS 'Whether no row broke it [true/false]';
COMMENT ON COLUMN quality_result.evidence IS 'The first failing values; empty if none [text]';
COMMENT ON COLUMN quality_result.known_at IS 'The as_of of the check [UTC]';
COMMENT ON COLUMN quality_result.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN quality_result.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE quarantine (
    feed VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    raw VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE quarantine IS 'Rows that were kept out of the history, whole, with the reason.';
COMMENT ON COLUMN quarantine.feed IS 'Feed that delivered the row [text]';
COMMENT ON COLUMN quarantine.reason IS 'Rules that the row broke, comma-separated [text]';
COMMENT ON COLUMN quarantine.origin IS 'File and row [text]';
COMMENT ON COLUMN quarantine.raw IS 'The row as delivered [JSON]';
COMMENT ON COLUMN quarantine.fingerprint IS 'Digest of feed and row, by which a second delivery is recognised [hex]';
COMMENT ON COLUMN quarantine.valid_from IS 'Interval start, where it could be read [UTC]';
COMMENT ON COLUMN quarantine.known_at IS 'The as_of of the cycle that refused it [UTC]';
COMMENT ON COLUMN quarantine.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN quarantine.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';
