-- Settlement has lines for performance, demand response and fees; an hour is settled anew when its price is corrected;
-- and within an hour the market is looked at. Which revision a line is follows from the cycles that settled its hour:
-- no column, so old rows keep their digests.

COMMENT ON TABLE settlement_line IS 'Money by service and interval; the lines of an hour and cycle sum to its net, and the latest cycle of an hour holds.';
COMMENT ON COLUMN settlement_line.service IS 'energy, imbalance, activation, demand_response, capacity, performance, degradation, fees or demand_charge [text]';
COMMENT ON COLUMN settlement_line.known_at IS 'The as_of of the cycle that settled it [UTC]';
COMMENT ON COLUMN settlement_line.quantity_kwh IS 'Settled energy, sale positive; of capacity the reserve times its hours; of performance minus what bad delivery takes off it; of fees minus what was traded; of a demand charge minus the rise of the peak, in kW; of degradation minus what was discharged [kWh]';
COMMENT ON COLUMN settlement_line.price_per_mwh IS 'Price applied; of capacity and performance per MW and hour, of a demand charge per MW and month [currency/MWh]';

CREATE TABLE market_look (
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    outcome VARCHAR NOT NULL,
    looks INTEGER NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE market_look IS 'What the looks at the market within an hour came to, one row per outcome that occurred.';
COMMENT ON COLUMN market_look.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN market_look.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN market_look.known_at IS 'The as_of of the cycle that simulated it [UTC]';
COMMENT ON COLUMN market_look.outcome IS 'price_unknown: a price was missing, and the setpoint held; kept: the setpoint was still the best; price_came: revised, since prices became known after the look before; imbalance: revised for what meter and stored energy showed [text]';
COMMENT ON COLUMN market_look.looks IS 'How many looks came to that [1]';
COMMENT ON COLUMN market_look.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN market_look.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';
