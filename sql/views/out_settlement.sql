-- The bill line by line, as settled last.
CREATE OR REPLACE VIEW out_settlement AS
SELECT
    l.service,
    l.asset,
    l.valid_from,
    l.duration_minutes,
    l.quantity_kwh,
    l.price_per_mwh,
    l.amount,
    l.currency,
    l.known_at,
    c.cycle_id
FROM settlement_line AS l
JOIN cycle AS c USING (cycle_number)
QUALIFY row_number() OVER (
    PARTITION BY l.service, l.asset, l.valid_from ORDER BY l.known_at DESC, l.cycle_number DESC
) = 1;
COMMENT ON VIEW out_settlement IS 'Money by service, asset and hour; follows from the assumed values of the site.';
COMMENT ON COLUMN out_settlement.service IS 'energy, imbalance, activation, capacity, degradation or demand_charge [text]';
COMMENT ON COLUMN out_settlement.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN out_settlement.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_settlement.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_settlement.quantity_kwh IS 'Settled energy, sale positive; of capacity the reserve times its hours, of a demand charge minus the rise of the peak in kW [kWh]';
COMMENT ON COLUMN out_settlement.price_per_mwh IS 'Price applied; of capacity per MW and hour, of a demand charge per MW and month [currency/MWh]';
COMMENT ON COLUMN out_settlement.amount IS 'Money, quantity / 1000 * price; earned positive [currency]';
COMMENT ON COLUMN out_settlement.currency IS 'Currency of the amount [ISO 4217]';
COMMENT ON COLUMN out_settlement.known_at IS 'The as_of of the cycle that settled it [UTC]';
COMMENT ON COLUMN out_settlement.cycle_id IS 'Cycle that settled it [text]';
