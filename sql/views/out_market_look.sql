-- What the looks at the market within an hour came to, as simulated last: only outcomes that occurred.
CREATE OR REPLACE VIEW out_market_look AS
SELECT
    l.valid_from,
    l.duration_minutes,
    l.outcome,
    l.outcome IN ('price_came', 'imbalance') AS is_revision,
    l.looks,
    l.looks / sum(l.looks) OVER (PARTITION BY l.valid_from) AS share_of_looks,
    l.known_at,
    b.cycle_id
FROM market_look AS l
JOIN out_battery AS b USING (valid_from, known_at);
COMMENT ON VIEW out_market_look IS 'Looks at the market within each hour, and what they came to; no row of an hour without a look.';
COMMENT ON COLUMN out_market_look.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_market_look.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_market_look.outcome IS 'price_unknown: a price was missing, and the setpoint held; kept: the setpoint was still the best; price_came: revised, since prices became known after the look before; imbalance: revised for what meter and stored energy showed [text]';
COMMENT ON COLUMN out_market_look.is_revision IS 'Whether the setpoint of the battery was revised [true/false]';
COMMENT ON COLUMN out_market_look.looks IS 'How many looks came to that [1]';
COMMENT ON COLUMN out_market_look.share_of_looks IS 'The same as a share of the looks of the hour [fraction]';
COMMENT ON COLUMN out_market_look.known_at IS 'The as_of of the cycle that simulated it [UTC]';
COMMENT ON COLUMN out_market_look.cycle_id IS 'Cycle that simulated it [text]';
