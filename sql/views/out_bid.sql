-- Bids beside the price that cleared them. A sale is accepted at its limit or above, a purchase at its limit or below;
-- until the price is known, neither is said. Capacity is sold at the price that the site is paid for it.
CREATE OR REPLACE VIEW out_bid AS
WITH published AS (
    SELECT series, valid_from, arg_max(price_per_mwh, (known_at, cycle_number)) AS price_per_mwh
    FROM price
    GROUP BY series, valid_from
)
SELECT
    b.bid_id,
    b.market,
    b.product,
    b.series,
    b.valid_from,
    b.duration_minutes,
    b.issued_at,
    b.price_per_mwh,
    b.quantity_kw,
    p.price_per_mwh AS clearing_price_per_mwh,
    CASE
        WHEN b.market <> 'day_ahead' THEN TRUE
        WHEN b.quantity_kw > 0 THEN b.price_per_mwh <= p.price_per_mwh
        ELSE b.price_per_mwh >= p.price_per_mwh
    END AS is_accepted,
    b.currency,
    c.cycle_id
FROM bid AS b
JOIN cycle AS c USING (cycle_number)
LEFT JOIN published AS p
    ON b.series = p.series AND b.valid_from = p.valid_from AND b.market = 'day_ahead';
COMMENT ON VIEW out_bid IS 'Bids as submitted, each step with the price that accepted or refused it.';
COMMENT ON COLUMN out_bid.bid_id IS 'Client order id [text]';
COMMENT ON COLUMN out_bid.market IS 'day_ahead of energy, or the frequency product whose capacity is sold [text]';
COMMENT ON COLUMN out_bid.product IS 'Asset that trades: battery, plant or load [text]';
COMMENT ON COLUMN out_bid.series IS 'Price series at which it is settled [text]';
COMMENT ON COLUMN out_bid.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_bid.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_bid.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN out_bid.price_per_mwh IS 'Limit price of the step; of capacity per MW and hour [currency/MWh]';
COMMENT ON COLUMN out_bid.quantity_kw IS 'Cumulative quantity of the step; sale positive, purchase negative; capacity is held both ways [kW]';
COMMENT ON COLUMN out_bid.clearing_price_per_mwh IS 'Latest known day-ahead price; empty if none is known [currency/MWh]';
COMMENT ON COLUMN out_bid.is_accepted IS 'Whether that price accepts the step; of accepted steps the largest holds; empty without a price [true/false]';
COMMENT ON COLUMN out_bid.currency IS 'Currency of the prices [ISO 4217]';
COMMENT ON COLUMN out_bid.cycle_id IS 'Cycle that made it [text]';
