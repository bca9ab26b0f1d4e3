-- What the gate judged, with the cycle in which it did.
CREATE OR REPLACE VIEW out_quality AS
SELECT
    q.known_at,
    c.cycle_id,
    q.subject,
    q.rule,
    q.action,
    q.passed,
    q.rows_checked,
    q.rows_failed,
    q.rows_failed / nullif(q.rows_checked, 0) AS share_failed,
    q.evidence,
    q.expectation
FROM quality_result AS q
JOIN cycle AS c USING (cycle_number);
COMMENT ON VIEW out_quality IS 'One row per rule and checked feed or table in each cycle, passed or not.';
COMMENT ON COLUMN out_quality.known_at IS 'The as_of of the check [UTC]';
COMMENT ON COLUMN out_quality.cycle_id IS 'Cycle that checked [text]';
COMMENT ON COLUMN out_quality.subject IS 'Feed or history table that was checked [text]';
COMMENT ON COLUMN out_quality.rule IS 'Name of the rule [text]';
COMMENT ON COLUMN out_quality.action IS 'What a failure leads to: block, quarantine or flag [text]';
COMMENT ON COLUMN out_quality.passed IS 'Whether no row broke it [true/false]';
COMMENT ON COLUMN out_quality.rows_checked IS 'Rows judged [1]';
COMMENT ON COLUMN out_quality.rows_failed IS 'Rows that broke the rule [1]';
COMMENT ON COLUMN out_quality.share_failed IS 'Share of the judged rows that broke it; empty if none was judged [fraction]';
COMMENT ON COLUMN out_quality.evidence IS 'The first failing values; empty if none [text]';
COMMENT ON COLUMN out_quality.expectation IS 'Great Expectations type [text]';
