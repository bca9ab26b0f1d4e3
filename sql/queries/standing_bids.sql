-- Bids for the hours of [$start, $stop), as of an instant and a cycle.
SELECT bid_id, market, product, series, valid_from, duration_minutes, price_per_mwh, quantity_kw
FROM bid
WHERE valid_from >= $start AND valid_from < $stop AND known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY valid_from, bid_id, price_per_mwh
