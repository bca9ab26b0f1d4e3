-- I2: each row once: no key occurs twice.
SELECT 'price' AS table_name, concat_ws(' ', series, valid_from, known_at) AS key, count(*) AS row_count FROM price GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'site_load', concat_ws(' ', series, valid_from, known_at), count(*) FROM site_load GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'weather', concat_ws(' ', series, valid_from, known_at), count(*) FROM weather GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'forecast', concat_ws(' ', variable, series, valid_from, issued_at), count(*) FROM forecast GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'bid', concat_ws(' ', bid_id, valid_from, price_per_mwh), count(*) FROM bid GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'schedule', concat_ws(' ', asset, valid_from, issued_at), count(*) FROM schedule GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'simulation_minute', concat_ws(' ', asset, valid_from, known_at), count(*) FROM simulation_minute GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'simulation_hour', concat_ws(' ', asset, valid_from, known_at), count(*) FROM simulation_hour GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'energy_ledger', concat_ws(' ', asset, valid_from, entry, known_at), count(*) FROM energy_ledger GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'settlement_line', concat_ws(' ', service, asset, valid_from, known_at), count(*) FROM settlement_line GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'quality_result', concat_ws(' ', subject, rule, cycle_number), count(*) FROM quality_result GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'site', concat_ws(' ', site_digest, known_at), count(*) FROM site GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'model_version', concat_ws(' ', model_version), count(*) FROM model_version GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'model_weights', concat_ws(' ', model_version, name), count(*) FROM model_weights GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'model_serving', concat_ws(' ', variable, series, known_at, cycle_number), count(*) FROM model_serving GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'demand_event', concat_ws(' ', event_id, known_at), count(*) FROM demand_event GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'service_request', concat_ws(' ', request_id, known_at), count(*) FROM service_request GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'service_performance', concat_ws(' ', service, valid_from, known_at), count(*) FROM service_performance GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'battery_hour', concat_ws(' ', valid_from, known_at), count(*) FROM battery_hour GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'battery_flag', concat_ws(' ', flag, valid_from, known_at), count(*) FROM battery_flag GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'market_look', concat_ws(' ', outcome, valid_from, known_at), count(*) FROM market_look GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'member_forecast', concat_ws(' ', model_version, member, valid_from, issued_at), count(*) FROM member_forecast GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'model_trial', concat_ws(' ', variable, series, verdict, known_at, cycle_number), count(*) FROM model_trial GROUP BY ALL HAVING count(*) > 1
UNION ALL
SELECT 'drift_alarm', concat_ws(' ', variable, series, kind, known_at), count(*) FROM drift_alarm GROUP BY ALL HAVING count(*) > 1
ORDER BY ALL
