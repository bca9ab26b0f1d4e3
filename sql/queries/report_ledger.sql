-- The energy ledger of the hours of [$start, $stop) by asset and entry, beside the largest residual of any hour.
WITH booked AS (
    SELECT asset, valid_from, entry, energy_kwh
    FROM energy_ledger
    WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
    QUALIFY known_at = max(known_at) OVER (PARTITION BY asset, valid_from)
),
closed AS (
    SELECT asset, max(abs(residual_kwh)) AS largest_residual_kwh
    FROM (SELECT asset, sum(energy_kwh) AS residual_kwh FROM booked GROUP BY asset, valid_from)
    GROUP BY asset
)
SELECT asset, entry, sum(energy_kwh) AS energy_kwh, any_value(largest_residual_kwh) AS largest_residual_kwh
FROM booked
JOIN closed USING (asset)
GROUP BY asset, entry
ORDER BY
    list_position(['battery', 'plant', 'load', 'site'], asset),
    asset,
    list_position(['in', 'out', 'consumed'], entry) NULLS LAST,
    entry = 'store_change',
    entry
