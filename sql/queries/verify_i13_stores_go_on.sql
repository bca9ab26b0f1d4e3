-- I13: what an asset stores at the end of an hour is what it stored an hour before, and what the ledger says it gained.
SELECT asset, valid_from, stored_before_kwh, gained_kwh, energy_stored_kwh
FROM (
    SELECT
        asset,
        valid_from,
        energy_stored_kwh,
        lag(energy_stored_kwh) OVER hours AS stored_before_kwh,
        lag(valid_from) OVER hours AS hour_before,
        gained_kwh
    FROM simulation_hour
    JOIN (
        SELECT asset, valid_from, -sum(energy_kwh) AS gained_kwh
        FROM energy_ledger
        WHERE entry = 'store_change'
        GROUP BY asset, valid_from
    ) USING (asset, valid_from)
    WINDOW hours AS (PARTITION BY asset ORDER BY valid_from)
)
WHERE hour_before = valid_from - INTERVAL 1 HOUR
    AND abs(stored_before_kwh + gained_kwh - energy_stored_kwh) > 1e-6
ORDER BY ALL
