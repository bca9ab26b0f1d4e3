-- The plan in force: of each asset and interval the newest setpoint that was issued before the interval began, and what
-- had been sold of it. A later plan of an interval that has begun changes nothing any more.
CREATE OR REPLACE VIEW out_schedule AS
WITH sold AS (
    SELECT
        coalesce(product, 'site') AS asset,
        valid_from,
        sum(sold_kw) AS sold_kw
    FROM (
        SELECT
            product,
            valid_from,
            coalesce(arg_max(quantity_kw, abs(quantity_kw)) FILTER (is_accepted), 0) AS sold_kw
        FROM out_bid
        WHERE is_accepted IS NOT NULL AND market = 'day_ahead'
        GROUP BY product, valid_from
    )
    GROUP BY GROUPING SETS ((product, valid_from), (valid_from))
),
in_force AS (
    SELECT asset, valid_from, duration_minutes, issued_at, setpoint_kw, reserved_up_kw, reserved_down_kw, cycle_number
    FROM schedule
    WHERE issued_at <= valid_from
    QUALIFY row_number() OVER (PARTITION BY asset, valid_from ORDER BY issued_at DESC, cycle_number DESC) = 1
)
SELECT
    s.asset,
    s.valid_from,
    s.duration_minutes,
    s.issued_at,
    s.setpoint_kw,
    s.reserved_up_kw,
    s.reserved_down_kw,
    sold.sold_kw,
    c.cycle_id
FROM in_force AS s
JOIN cycle AS c USING (cycle_number)
LEFT JOIN sold USING (asset, valid_from);
COMMENT ON VIEW out_schedule IS 'The setpoint in force of each asset and interval, and the position sold day-ahead.';
COMMENT ON COLUMN out_schedule.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN out_schedule.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_schedule.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_schedule.issued_at IS 'The as_of of the cycle that made the plan [UTC]';
COMMENT ON COLUMN out_schedule.setpoint_kw IS 'Planned mean power; to the grid positive [kW]';
COMMENT ON COLUMN out_schedule.reserved_up_kw IS 'Headroom kept for services upward [kW]';
COMMENT ON COLUMN out_schedule.reserved_down_kw IS 'Headroom kept for services downward [kW]';
COMMENT ON COLUMN out_schedule.sold_kw IS 'Accepted day-ahead position, purchase negative, of the site the sum; empty without a bid or a price [kW]';
COMMENT ON COLUMN out_schedule.cycle_id IS 'Cycle that made the plan [text]';
