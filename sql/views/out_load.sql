-- Metered load as it is known by now.
CREATE OR REPLACE VIEW out_load AS
SELECT series, valid_from, duration_minutes, load_kw, known_at, flags, source
FROM site_load
QUALIFY row_number() OVER (PARTITION BY series, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1;
COMMENT ON VIEW out_load IS 'The latest known load of every interval.';
COMMENT ON COLUMN out_load.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN out_load.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_load.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_load.load_kw IS 'Mean consumption over the interval, positive [kW]';
COMMENT ON COLUMN out_load.known_at IS 'When this value could first have been known [UTC]';
COMMENT ON COLUMN out_load.flags IS 'Findings of the gate, comma-separated; correction if an earlier value was replaced; empty if none [text]';
COMMENT ON COLUMN out_load.source IS 'Where the row came from: data set and file [text]';
