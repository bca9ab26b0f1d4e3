-- Day-ahead prices as they are known by now.
CREATE OR REPLACE VIEW out_price AS
SELECT series, valid_from, duration_minutes, price_per_mwh, currency, known_at, flags, source
FROM price
QUALIFY row_number() OVER (PARTITION BY series, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1;
COMMENT ON VIEW out_price IS 'The latest known price of every interval.';
COMMENT ON COLUMN out_price.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN out_price.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_price.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_price.price_per_mwh IS 'Day-ahead clearing price; may be negative [currency/MWh]';
COMMENT ON COLUMN out_price.currency IS 'Currency of the price [ISO 4217]';
COMMENT ON COLUMN out_price.known_at IS 'When this value could first have been known [UTC]';
COMMENT ON COLUMN out_price.flags IS 'Findings of the gate, comma-separated; correction if an earlier value was replaced; empty if none [text]';
COMMENT ON COLUMN out_price.source IS 'Where the row came from: data set and file [text]';
