-- I4: no cycle wrote a row that was known later than its as_of, and every forecast lies ahead of its issue.
WITH written AS (
    SELECT 'price' AS table_name, cycle_number, known_at, valid_from FROM price
    UNION ALL SELECT 'site_load', cycle_number, known_at, valid_from FROM site_load
    UNION ALL SELECT 'weather', cycle_number, known_at, valid_from FROM weather
    UNION ALL SELECT 'forecast', cycle_number, known_at, valid_from FROM forecast
    UNION ALL SELECT 'model_version', cycle_number, known_at, window_end FROM model_version
)
SELECT table_name, cycle_id, written.known_at, cycle.as_of, written.valid_from
FROM written
JOIN cycle USING (cycle_number)
WHERE written.known_at > cycle.as_of OR (table_name = 'forecast' AND written.valid_from < cycle.as_of)
ORDER BY ALL
