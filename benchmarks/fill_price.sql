-- A long history of prices, ordered as cycles write it: each day the 15-minute prices of the next day at ten hubs
-- (960 rows), then forty corrections of the day before yesterday. Row numbers $first to $stop, 1000 a day from 1970.
INSERT INTO price BY NAME
WITH placed AS (
    SELECT
        row_number // 1000 AS day,
        row_number % 1000 >= 960 AS is_correction,
        CASE WHEN is_correction THEN (row_number * 24 + day * 7) % 960 ELSE row_number % 1000 END AS place
    FROM range($first, $stop) AS numbers (row_number)
)
SELECT
    'HUB_' || (place % 10) AS series,
    -- Instants from microseconds: interval arithmetic on TIMESTAMPTZ goes through the calendar and is ten times slower.
    make_timestamptz((day + CASE WHEN is_correction THEN -2 ELSE 1 END) * 86_400_000_000 + place // 10 * 900_000_000) AS valid_from,
    15 AS duration_minutes,
    make_timestamptz(day * 86_400_000_000 + 66_600_000_000) AS known_at,
    round(40 + 25 * sin(place * pi() / 480) + hash(day * 1000 + place, is_correction) % 2000 / 100, 2) AS price_per_mwh,
    'USD' AS currency,
    'market/price.parquet' AS source,
    CASE WHEN is_correction THEN 'correction' ELSE '' END AS flags,
    (day + 1)::INTEGER AS cycle_number,
    make_timestamptz(day * 86_400_000_000 + 66_607_000_000) AS recorded_at
FROM placed
