-- What was asked of the coordinator, as decided last.
CREATE OR REPLACE VIEW out_service_request AS
SELECT
    r.request_id,
    r.service,
    r.priority,
    r.valid_from,
    r.duration_minutes,
    r.requested,
    r.granted,
    r.granted / nullif(r.requested, 0) AS share_granted,
    r.unit,
    r.state,
    r.reason,
    r.known_at,
    c.cycle_id
FROM service_request AS r
JOIN cycle AS c USING (cycle_number)
QUALIFY row_number() OVER (PARTITION BY r.request_id ORDER BY r.known_at DESC, r.cycle_number DESC) = 1;
COMMENT ON VIEW out_service_request IS 'Requests for services and the newest decision on each.';
COMMENT ON COLUMN out_service_request.request_id IS 'Name of the request [text]';
COMMENT ON COLUMN out_service_request.service IS 'Service, as in frequency_response [text]';
COMMENT ON COLUMN out_service_request.priority IS 'HIGH, MEDIUM or LOW [text]';
COMMENT ON COLUMN out_service_request.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_service_request.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_service_request.requested IS 'What was asked, in the unit of the row [unit]';
COMMENT ON COLUMN out_service_request.granted IS 'What was granted, in the unit of the row [unit]';
COMMENT ON COLUMN out_service_request.share_granted IS 'Granted over asked; empty if nothing was asked [fraction]';
COMMENT ON COLUMN out_service_request.unit IS 'kW or kvar [text]';
COMMENT ON COLUMN out_service_request.state IS 'State when the cycle ended, as in GRANTED or REJECTED [text]';
COMMENT ON COLUMN out_service_request.reason IS 'Why, in words [text]';
COMMENT ON COLUMN out_service_request.known_at IS 'The as_of of the cycle that decided it [UTC]';
COMMENT ON COLUMN out_service_request.cycle_id IS 'Cycle that decided it [text]';
