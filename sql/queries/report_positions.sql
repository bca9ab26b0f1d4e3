-- What was bid for each asset and interval of [$start, $stop), and what the latest known price accepts of it: of the
-- accepted steps the largest. Nothing is said of an interval without a price.
WITH published AS (
    SELECT series, valid_from, arg_max(price_per_mwh, (known_at, cycle_number)) AS clearing_price
    FROM price
    WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
    GROUP BY series, valid_from
),
step AS (
    SELECT
        b.product,
        b.valid_from,
        b.quantity_kw,
        CASE
            WHEN b.quantity_kw > 0 THEN b.price_per_mwh <= p.clearing_price
            ELSE b.price_per_mwh >= p.clearing_price
        END AS is_accepted
    FROM bid AS b
    LEFT JOIN published AS p USING (series, valid_from)
    WHERE b.valid_from >= $start AND b.valid_from < $stop AND b.cycle_number <= $through_cycle
)
SELECT
    product AS asset,
    valid_from,
    count(*) AS n_bids,
    count(*) FILTER (is_accepted) AS n_accepted,
    CASE
        WHEN bool_and(is_accepted IS NOT NULL)
            THEN coalesce(arg_max(quantity_kw, abs(quantity_kw)) FILTER (is_accepted), 0)
    END AS sold_kw
FROM step
GROUP BY product, valid_from
ORDER BY product, valid_from
