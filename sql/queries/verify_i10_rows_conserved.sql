-- I10: no row is lost: what a cycle took in, it admitted or quarantined, and both are there.
WITH found AS (
    SELECT cycle_number, sum(admitted) AS admitted, sum(quarantined) AS quarantined
    FROM (
        SELECT cycle_number, count(*) AS admitted, 0 AS quarantined FROM price GROUP BY ALL
        UNION ALL SELECT cycle_number, count(*), 0 FROM site_load GROUP BY ALL
        UNION ALL SELECT cycle_number, count(*), 0 FROM weather GROUP BY ALL
        UNION ALL SELECT cycle_number, 0, count(*) FROM quarantine GROUP BY ALL
    )
    GROUP BY cycle_number
)
SELECT cycle_id, rows_in, rows_admitted, rows_quarantined, admitted AS found_admitted, quarantined AS found_quarantined
FROM cycle
LEFT JOIN found USING (cycle_number)
WHERE rows_in != rows_admitted + rows_quarantined
    OR rows_admitted != coalesce(admitted, 0)
    OR rows_quarantined != coalesce(quarantined, 0)
ORDER BY cycle_number
