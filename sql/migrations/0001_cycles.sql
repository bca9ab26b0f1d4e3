-- Cycles, and the models they made: small tables, so they carry primary keys.

CREATE TABLE cycle (
    cycle_number INTEGER PRIMARY KEY,
    cycle_id VARCHAR NOT NULL UNIQUE,
    kind VARCHAR NOT NULL,
    as_of TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,
    notes VARCHAR NOT NULL,
    row_counts VARCHAR NOT NULL,
    rows_in INTEGER NOT NULL,
    rows_admitted INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    predecessor_digest VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    software_version VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE cycle IS 'One row per completed cycle; the rows form a chain by digest.';
COMMENT ON COLUMN cycle.cycle_number IS 'Position in the chain, from 1 [1]';
COMMENT ON COLUMN cycle.cycle_id IS 'Kind and as_of, as in hourly-2021-10-14T06:15Z [text]';
COMMENT ON COLUMN cycle.kind IS 'hourly, daily or retrain [text]';
COMMENT ON COLUMN cycle.as_of IS 'Nothing known later was read [UTC]';
COMMENT ON COLUMN cycle.state IS 'End state that the next cycle starts from [JSON]';
COMMENT ON COLUMN cycle.notes IS 'What a person should know of this cycle, one line each; empty if nothing [text]';
COMMENT ON COLUMN cycle.row_counts IS 'Rows written, by table [JSON]';
COMMENT ON COLUMN cycle.rows_in IS 'New rows that the sources delivered; equals admitted + quarantined [1]';
COMMENT ON COLUMN cycle.rows_admitted IS 'Rows that passed the gate [1]';
COMMENT ON COLUMN cycle.rows_quarantined IS 'Rows that did not [1]';
COMMENT ON COLUMN cycle.predecessor_digest IS 'digest of the cycle before; empty for the first [hex]';
COMMENT ON COLUMN cycle.digest IS 'Digest of the rows that this cycle wrote, chained to its predecessor [hex]';
COMMENT ON COLUMN cycle.software_version IS 'Version of the twin that ran the cycle [text]';
COMMENT ON COLUMN cycle.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE model_version (
    model_version VARCHAR PRIMARY KEY,
    variable VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    parameters VARCHAR NOT NULL,
    window_start TIMESTAMPTZ NOT NULL,
    window_end TIMESTAMPTZ NOT NULL,
    scores VARCHAR NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE model_version IS 'One row per trained forecaster; the newest known row of a variable and series serves.';
COMMENT ON COLUMN model_version.model_version IS 'Variable, series, and the as_of of its training [text]';
COMMENT ON COLUMN model_version.variable IS 'price or load [text]';
COMMENT ON COLUMN model_version.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN model_version.method IS 'Name of the forecaster [text]';
COMMENT ON COLUMN model_version.parameters IS 'What it learned [JSON]';
COMMENT ON COLUMN model_version.window_start IS 'First instant of the data it was judged on [UTC]';
COMMENT ON COLUMN model_version.window_end IS 'First instant after that data [UTC]';
COMMENT ON COLUMN model_version.scores IS 'Mean absolute error of each candidate over the window, in the unit of the series [JSON]';
COMMENT ON COLUMN model_version.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN model_version.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN model_version.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';
