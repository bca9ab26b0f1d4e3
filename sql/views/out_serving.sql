-- Which forecaster served which series from when to when. A choice that repeats the one before it is a row as well: it was
-- made anew.
CREATE OR REPLACE VIEW out_serving AS
SELECT
    s.variable,
    s.series,
    s.model_version,
    m.method,
    s.chosen_by,
    s.known_at AS serves_from,
    lead(s.known_at) OVER choices AS serves_until,
    row_number() OVER (PARTITION BY s.variable, s.series ORDER BY s.known_at DESC, s.cycle_number DESC) = 1 AS serves_now,
    c.cycle_id
FROM model_serving AS s
JOIN cycle AS c USING (cycle_number)
LEFT JOIN model_version AS m USING (model_version)
WINDOW choices AS (PARTITION BY s.variable, s.series ORDER BY s.known_at, s.cycle_number);
COMMENT ON VIEW out_serving IS 'Every choice of a forecaster, and how long it held.';
COMMENT ON COLUMN out_serving.variable IS 'price or load [text]';
COMMENT ON COLUMN out_serving.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_serving.model_version IS 'Forecaster [text]';
COMMENT ON COLUMN out_serving.method IS 'Kind of forecaster [text]';
COMMENT ON COLUMN out_serving.chosen_by IS 'first: no ensemble served before; refit: fitted anew; gate: was found better; rollback: the one before was better; operator: stays [text]';
COMMENT ON COLUMN out_serving.serves_from IS 'The as_of of the cycle that chose it [UTC]';
COMMENT ON COLUMN out_serving.serves_until IS 'The as_of of the next choice; empty if there is none yet [UTC]';
COMMENT ON COLUMN out_serving.serves_now IS 'Whether no later choice was made [true/false]';
COMMENT ON COLUMN out_serving.cycle_id IS 'Cycle that chose it [text]';
