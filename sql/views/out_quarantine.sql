-- What was kept out of the history. The raw row bears the names of its source, so only the series can be unpacked.
CREATE OR REPLACE VIEW out_quarantine AS
SELECT q.known_at, c.cycle_id, q.feed, q.raw ->> '$.series' AS series, q.valid_from, q.reason, q.origin, q.raw
FROM quarantine AS q
JOIN cycle AS c USING (cycle_number);
COMMENT ON VIEW out_quarantine IS 'Rows that were kept out of the history, with the reason and the cycle.';
COMMENT ON COLUMN out_quarantine.known_at IS 'The as_of of the cycle that refused the row [UTC]';
COMMENT ON COLUMN out_quarantine.cycle_id IS 'Cycle that refused the row [text]';
COMMENT ON COLUMN out_quarantine.feed IS 'Feed that delivered it [text]';
COMMENT ON COLUMN out_quarantine.series IS 'Which series, where the source names it [text]';
COMMENT ON COLUMN out_quarantine.valid_from IS 'Interval start, where it could be read [UTC]';
COMMENT ON COLUMN out_quarantine.reason IS 'Rules that the row broke, comma-separated [text]';
COMMENT ON COLUMN out_quarantine.origin IS 'File and row [text]';
COMMENT ON COLUMN out_quarantine.raw IS 'The row as delivered [JSON]';
