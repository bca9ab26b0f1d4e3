-- I4: no cycle wrote a row that was known later than its as_of; what is forecast, planned or bid lies ahead of its issue, and what was simulated or settled behind it.
WITH written AS (
    SELECT 'price' AS table_name, cycle_number, known_at, valid_from FROM price
    UNION ALL SELECT 'site_load', cycle_number, known_at, valid_from FROM site_load
    UNION ALL SELECT 'weather', cycle_number, known_at, valid_from FROM weather
    UNION ALL SELECT 'forecast', cycle_number, known_at, valid_from FROM forecast
    UNION ALL SELECT 'model_version', cycle_number, known_at, window_end FROM model_version
    UNION ALL SELECT 'model_serving', cycle_number, known_at, known_at FROM model_serving
    UNION ALL SELECT 'member_forecast', cycle_number, known_at, valid_from FROM member_forecast
    UNION ALL SELECT 'model_trial', cycle_number, known_at, known_at FROM model_trial
    UNION ALL SELECT 'drift_alarm', cycle_number, known_at, valid_from FROM drift_alarm
    UNION ALL SELECT 'bid', cycle_number, known_at, valid_from FROM bid
    UNION ALL SELECT 'schedule', cycle_number, known_at, valid_from FROM schedule
    UNION ALL SELECT 'demand_event', cycle_number, known_at, valid_from FROM demand_event
    UNION ALL SELECT 'service_request', cycle_number, known_at, valid_from FROM service_request
    UNION ALL SELECT 'simulation_minute', cycle_number, known_at, valid_from + to_minutes(duration_minutes) FROM simulation_minute
    UNION ALL SELECT 'simulation_hour', cycle_number, known_at, valid_from + to_minutes(duration_minutes) FROM simulation_hour
    UNION ALL SELECT 'energy_ledger', cycle_number, known_at, valid_from + to_minutes(duration_minutes) FROM energy_ledger
    UNION ALL SELECT 'settlement_line', cycle_number, known_at, valid_from + to_minutes(duration_minutes) FROM settlement_line
    UNION ALL SELECT 'battery_hour', cycle_number, known_at, valid_from + to_minutes(duration_minutes) FROM battery_hour
    UNION ALL SELECT 'battery_flag', cycle_number, known_at, valid_from + to_minutes(duration_minutes) FROM battery_flag
    UNION ALL SELECT 'market_look', cycle_number, known_at, valid_from + to_minutes(duration_minutes) FROM market_look
)
SELECT table_name, cycle_id, written.known_at, cycle.as_of, written.valid_from
FROM written
JOIN cycle USING (cycle_number)
WHERE written.known_at > cycle.as_of
    OR (table_name IN ('forecast', 'member_forecast', 'bid', 'schedule', 'demand_event', 'service_request') AND written.valid_from < cycle.as_of)
    OR (
        table_name IN (
            'simulation_minute', 'simulation_hour', 'energy_ledger', 'settlement_line', 'battery_hour', 'battery_flag',
            'market_look', 'drift_alarm'
        )
        AND written.valid_from > cycle.as_of
    )
ORDER BY ALL
