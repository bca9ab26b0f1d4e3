-- Where did battery and plant lose energy, loss by loss, and what share of what came in was that?
WITH entry AS (
    SELECT asset, entry, sum(energy_kwh) AS energy_kwh, count(*) AS hours
    FROM out_energy_ledger
    WHERE asset IN ('battery', 'plant')
    GROUP BY asset, entry
)
SELECT
    asset,
    entry,
    0 - energy_kwh AS lost_kwh,
    (0 - energy_kwh) / nullif(sum(energy_kwh) FILTER (entry = 'in') OVER (PARTITION BY asset), 0) AS share_of_what_came_in,
    sum(energy_kwh) OVER (PARTITION BY asset) AS residual_kwh,
    hours
FROM entry
QUALIFY entry NOT IN ('in', 'heat_in', 'out', 'store_change')
ORDER BY asset, lost_kwh DESC, entry
