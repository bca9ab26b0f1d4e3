-- What each cycle did.
CREATE OR REPLACE VIEW out_cycle AS
SELECT
    cycle_number,
    cycle_id,
    kind,
    as_of,
    rows_in,
    rows_admitted,
    rows_quarantined,
    list_sum(json_extract(row_counts, '$.*')::INTEGER[])::INTEGER AS rows_written,
    coalesce((row_counts ->> '$.forecast')::INTEGER, 0) AS forecast_rows,
    json_extract(state, '$.known_until') AS known_until,
    notes,
    software_version,
    digest,
    recorded_at
FROM cycle;
COMMENT ON VIEW out_cycle IS 'One row per completed cycle, its counts unpacked.';
COMMENT ON COLUMN out_cycle.cycle_number IS 'Position in the chain, from 1 [1]';
COMMENT ON COLUMN out_cycle.cycle_id IS 'Kind and as_of, as in hourly-2021-10-14T06:15Z [text]';
COMMENT ON COLUMN out_cycle.kind IS 'hourly, daily or retrain [text]';
COMMENT ON COLUMN out_cycle.as_of IS 'Nothing known later was read [UTC]';
COMMENT ON COLUMN out_cycle.rows_in IS 'New rows that the sources delivered; equals admitted + quarantined [1]';
COMMENT ON COLUMN out_cycle.rows_admitted IS 'Rows that passed the gate [1]';
COMMENT ON COLUMN out_cycle.rows_quarantined IS 'Rows that did not [1]';
COMMENT ON COLUMN out_cycle.rows_written IS 'Rows written into all tables, forecasts and findings included [1]';
COMMENT ON COLUMN out_cycle.forecast_rows IS 'Forecast intervals written [1]';
COMMENT ON COLUMN out_cycle.known_until IS 'End of the newest known interval, by variable and series [JSON]';
COMMENT ON COLUMN out_cycle.notes IS 'What a person should know of this cycle, one line each; empty if nothing [text]';
COMMENT ON COLUMN out_cycle.software_version IS 'Version of the twin that ran the cycle [text]';
COMMENT ON COLUMN out_cycle.digest IS 'Digest of the rows that this cycle wrote, chained to its predecessor [hex]';
COMMENT ON COLUMN out_cycle.recorded_at IS 'When the row was written, by the wall clock [UTC]';
