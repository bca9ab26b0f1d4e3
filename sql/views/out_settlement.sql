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
    dense_rank() OVER (PARTITION BY l.valid_from ORDER BY l.cycle_number) - 1 AS revision,
    c.cycle_id
FROM settlement_line AS l
JOIN cycle AS c USING (cycle_number)
QUALIFY l.cycle_number = max(l.cycle_number) OVER (PARTITION BY l.valid_from);
COMMENT ON VIEW out_settlement IS 'Money by service, asset and hour; follows from the assumed values of the site.';
COMMENT ON COLUMN out_settlement.service IS 'energy, imbalance, activation, demand_response, capacity, performance, degradation, fees or demand_charge [text]';
COMMENT ON COLUMN out_settlement.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN out_settlement.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_settlement.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_settlement.quantity_kwh IS 'Settled energy, sale positive; of capacity and performance power times hours, of fees minus what was traded, of a demand charge minus the rise of the peak in kW [kWh]';
COMMENT ON COLUMN out_settlement.price_per_mwh IS 'Price applied; of capacity and performance per MW and hour, of a demand charge per MW and month [currency/MWh]';
COMMENT ON COLUMN out_settlement.amount IS 'Money, quantity / 1000 * price; earned positive [currency]';
COMMENT ON COLUMN out_settlement.currency IS 'Currency of the amount [ISO 4217]';
COMMENT ON COLUMN out_settlement.known_at IS 'The as_of of the cycle that settled it [UTC]';
COMMENT ON COLUMN out_settlement.revision IS 'How often the hour had been settled before; above 0 its price was corrected [1]';
COMMENT ON COLUMN out_settlement.cycle_id IS 'Cycle that settled it [text]';
