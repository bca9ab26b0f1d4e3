-- Where the energy of each asset and hour went, as booked last; a later booking replaces all entries of its hour.
CREATE OR REPLACE VIEW out_energy_ledger AS
SELECT
    asset,
    valid_from,
    duration_minutes,
    entry,
    energy_kwh,
    sum(energy_kwh) OVER (PARTITION BY asset, valid_from) AS residual_kwh,
    known_at
FROM (
    SELECT *
    FROM energy_ledger
    QUALIFY known_at = max(known_at) OVER (PARTITION BY asset, valid_from)
);
COMMENT ON VIEW out_energy_ledger IS 'The energy ledger: entries of an asset and hour sum to zero.';
COMMENT ON COLUMN out_energy_ledger.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN out_energy_ledger.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_energy_ledger.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_energy_ledger.entry IS 'in, out, a loss by its physical name, auxiliary of the battery, or store_change [text]';
COMMENT ON COLUMN out_energy_ledger.energy_kwh IS 'What comes in positive; what goes out, a loss and a gain of the store negative [kWh]';
COMMENT ON COLUMN out_energy_ledger.residual_kwh IS 'Sum of the entries of the asset and hour; zero but for rounding [kWh]';
COMMENT ON COLUMN out_energy_ledger.known_at IS 'The as_of of the cycle that booked it [UTC]';
