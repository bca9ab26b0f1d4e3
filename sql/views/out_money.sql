-- Money of each hour by service, all assets together, beside the net of the hour.
CREATE OR REPLACE VIEW out_money AS
WITH settled AS (
    SELECT *
    FROM settlement_line
    QUALIFY cycle_number = max(cycle_number) OVER (PARTITION BY valid_from)
)
SELECT
    valid_from,
    service,
    sum(amount) AS amount,
    sum(sum(amount)) OVER (PARTITION BY valid_from, currency) AS net_amount,
    count(*) AS lines,
    currency
FROM settled
GROUP BY valid_from, service, currency;
COMMENT ON VIEW out_money IS 'Money by hour and service; follows from the assumed values of the site.';
COMMENT ON COLUMN out_money.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_money.service IS 'energy, imbalance, activation, demand_response, capacity, performance, degradation, fees or demand_charge [text]';
COMMENT ON COLUMN out_money.amount IS 'Sum over the assets; earned positive [currency]';
COMMENT ON COLUMN out_money.net_amount IS 'Sum over all services of the hour, the same in each of its rows [currency]';
COMMENT ON COLUMN out_money.lines IS 'Settlement lines behind the amount [1]';
COMMENT ON COLUMN out_money.currency IS 'Currency of the amounts [ISO 4217]';
