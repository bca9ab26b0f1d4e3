-- How each service did by the hour, as measured last.
CREATE OR REPLACE VIEW out_service_performance AS
SELECT
    p.service,
    p.valid_from,
    p.duration_minutes,
    p.committed,
    p.uptime,
    p.response_time_s,
    p.accuracy,
    p.requested_kwh,
    p.delivered_kwh,
    p.known_at,
    c.cycle_id
FROM service_performance AS p
JOIN cycle AS c USING (cycle_number)
QUALIFY row_number() OVER (PARTITION BY p.service, p.valid_from ORDER BY p.known_at DESC, p.cycle_number DESC) = 1;
COMMENT ON VIEW out_service_performance IS 'How each service did, by the hour.';
COMMENT ON COLUMN out_service_performance.service IS 'Service, as in frequency_response [text]';
COMMENT ON COLUMN out_service_performance.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_service_performance.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_service_performance.committed IS 'What was committed: kW, kvar of voltage support [kW]';
COMMENT ON COLUMN out_service_performance.uptime IS 'Committed time in which it was deliverable; empty where nothing was committed [fraction]';
COMMENT ON COLUMN out_service_performance.response_time_s IS 'Mean time to 90 % of a step that was asked; empty without one [s]';
COMMENT ON COLUMN out_service_performance.accuracy IS 'One less the share of what was asked that was missed; empty where nothing was asked [fraction]';
COMMENT ON COLUMN out_service_performance.requested_kwh IS 'Sum of the absolute values asked: kWh, kvarh of voltage support [kWh]';
COMMENT ON COLUMN out_service_performance.delivered_kwh IS 'Sum of the absolute values delivered: kWh, kvarh of voltage support [kWh]';
COMMENT ON COLUMN out_service_performance.known_at IS 'The as_of of the cycle that measured it [UTC]';
COMMENT ON COLUMN out_service_performance.cycle_id IS 'Cycle that measured it [text]';
