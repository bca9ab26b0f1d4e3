-- The bill line by line, as settled first and each time anew: as of an instant those hold that were known and not yet
-- replaced, known_at <= instant AND (replaced_at IS NULL OR replaced_at > instant).
CREATE OR REPLACE VIEW out_settlement_revision AS
WITH settled AS (
    SELECT
        valid_from,
        cycle_number,
        row_number() OVER (PARTITION BY valid_from ORDER BY cycle_number) - 1 AS revision,
        lead(known_at) OVER (PARTITION BY valid_from ORDER BY cycle_number) AS replaced_at
    FROM (SELECT DISTINCT valid_from, cycle_number, known_at FROM settlement_line)
)
SELECT
    l.service,
    l.asset,
    l.valid_from,
    l.duration_minutes,
    s.revision,
    l.known_at,
    s.replaced_at,
    l.quantity_kwh,
    l.price_per_mwh,
    l.amount,
    l.currency,
    c.cycle_id
FROM settlement_line AS l
JOIN settled AS s USING (valid_from, cycle_number)
JOIN cycle AS c USING (cycle_number);
COMMENT ON VIEW out_settlement_revision IS 'Money by service, asset, hour and revision; follows from the assumed values of the site.';
COMMENT ON COLUMN out_settlement_revision.service IS 'energy, imbalance, activation, demand_response, capacity, performance, degradation, fees or demand_charge [text]';
COMMENT ON COLUMN out_settlement_revision.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN out_settlement_revision.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_settlement_revision.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_settlement_revision.revision IS 'How often the hour had been settled before [1]';
COMMENT ON COLUMN out_settlement_revision.known_at IS 'The as_of of the cycle that settled it [UTC]';
COMMENT ON COLUMN out_settlement_revision.replaced_at IS 'The as_of of the cycle that settled the hour anew; none for the latest [UTC]';
COMMENT ON COLUMN out_settlement_revision.quantity_kwh IS 'Settled energy, sale positive; of capacity and performance power times hours, of fees minus what was traded, of a demand charge minus the rise of the peak in kW [kWh]';
COMMENT ON COLUMN out_settlement_revision.price_per_mwh IS 'Price applied; of capacity and performance per MW and hour, of a demand charge per MW and month [currency/MWh]';
COMMENT ON COLUMN out_settlement_revision.amount IS 'Money, quantity / 1000 * price; earned positive [currency]';
COMMENT ON COLUMN out_settlement_revision.currency IS 'Currency of the amount [ISO 4217]';
COMMENT ON COLUMN out_settlement_revision.cycle_id IS 'Cycle that settled it [text]';
