-- What was bid for each interval of [$start, $stop) by market and asset: the steps of the curve, and what is sold of it by the
-- latest known price, of the accepted steps the largest. Without a price nothing is sold yet; reserve is sold as it is bid.
WITH published AS (
    SELECT series, valid_from, arg_max(price_per_mwh, (known_at, cycle_number)) AS clearing_price
    FROM price
    WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
    GROUP BY series, valid_from
),
step AS (
    SELECT
        b.market,
        b.product,
        b.valid_from,
        b.price_per_mwh,
        b.quantity_kw,
        CASE
            WHEN b.market <> 'day_ahead' THEN TRUE
            WHEN b.quantity_kw > 0 THEN b.price_per_mwh <= p.clearing_price
            ELSE b.price_per_mwh >= p.clearing_price
        END AS is_accepted
    FROM bid AS b
    LEFT JOIN published AS p USING (series, valid_from)
    WHERE b.valid_from >= $start AND b.valid_from < $stop AND b.cycle_number <= $through_cycle
)
SELECT
    market,
    product AS asset,
    valid_from,
    list(
        {'price_per_mwh': price_per_mwh, 'quantity_kw': quantity_kw, 'is_accepted': is_accepted} ORDER BY quantity_kw
    ) AS steps,
    CASE
        WHEN bool_and(is_accepted IS NOT NULL)
            THEN coalesce(arg_max(quantity_kw, abs(quantity_kw)) FILTER (is_accepted), 0)
    END AS sold_kw
FROM step
GROUP BY market, product, valid_from
ORDER BY market, product, valid_from
