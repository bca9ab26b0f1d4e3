-- I3: no half cycle: each table holds as many rows of a cycle as the cycle says that it wrote.
WITH found AS (
    SELECT 'price' AS table_name, cycle_number, count(*) AS row_count FROM price GROUP BY ALL
    UNION ALL SELECT 'site_load', cycle_number, count(*) FROM site_load GROUP BY ALL
    UNION ALL SELECT 'weather', cycle_number, count(*) FROM weather GROUP BY ALL
    UNION ALL SELECT 'forecast', cycle_number, count(*) FROM forecast GROUP BY ALL
    UNION ALL SELECT 'model_version', cycle_number, count(*) FROM model_version GROUP BY ALL
    UNION ALL SELECT 'bid', cycle_number, count(*) FROM bid GROUP BY ALL
    UNION ALL SELECT 'schedule', cycle_number, count(*) FROM schedule GROUP BY ALL
    UNION ALL SELECT 'simulation_minute', cycle_number, count(*) FROM simulation_minute GROUP BY ALL
    UNION ALL SELECT 'simulation_hour', cycle_number, count(*) FROM simulation_hour GROUP BY ALL
    UNION ALL SELECT 'energy_ledger', cycle_number, count(*) FROM energy_ledger GROUP BY ALL
    UNION ALL SELECT 'settlement_line', cycle_number, count(*) FROM settlement_line GROUP BY ALL
    UNION ALL SELECT 'quality_result', cycle_number, count(*) FROM quality_result GROUP BY ALL
    UNION ALL SELECT 'quarantine', cycle_number, count(*) FROM quarantine GROUP BY ALL
    UNION ALL SELECT 'site', cycle_number, count(*) FROM site GROUP BY ALL
    UNION ALL SELECT 'model_weights', cycle_number, count(*) FROM model_weights GROUP BY ALL
    UNION ALL SELECT 'model_serving', cycle_number, count(*) FROM model_serving GROUP BY ALL
    UNION ALL SELECT 'demand_event', cycle_number, count(*) FROM demand_event GROUP BY ALL
    UNION ALL SELECT 'service_request', cycle_number, count(*) FROM service_request GROUP BY ALL
    UNION ALL SELECT 'service_performance', cycle_number, count(*) FROM service_performance GROUP BY ALL
    UNION ALL SELECT 'battery_hour', cycle_number, count(*) FROM battery_hour GROUP BY ALL
    UNION ALL SELECT 'battery_flag', cycle_number, count(*) FROM battery_flag GROUP BY ALL
    UNION ALL SELECT 'market_look', cycle_number, count(*) FROM market_look GROUP BY ALL
    UNION ALL SELECT 'member_forecast', cycle_number, count(*) FROM member_forecast GROUP BY ALL
    UNION ALL SELECT 'model_trial', cycle_number, count(*) FROM model_trial GROUP BY ALL
    UNION ALL SELECT 'drift_alarm', cycle_number, count(*) FROM drift_alarm GROUP BY ALL
),
promised AS (
    SELECT cycle_number, unnest(json_keys(row_counts)) AS table_name, row_counts
    FROM cycle
)
SELECT
    coalesce(found.cycle_number, promised.cycle_number) AS cycle_number,
    coalesce(found.table_name, promised.table_name) AS table_name,
    json_extract(promised.row_counts, '$.' || promised.table_name)::BIGINT AS promised_rows,
    found.row_count AS found_rows
FROM promised
FULL JOIN found USING (cycle_number, table_name)
WHERE found.row_count IS DISTINCT FROM json_extract(promised.row_counts, '$.' || promised.table_name)::BIGINT
ORDER BY ALL
