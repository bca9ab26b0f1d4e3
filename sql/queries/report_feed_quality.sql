-- Rows of a feed over the cycles with as_of in [$start, $stop). Each checked delivery has at least one verdict of the
-- parser, and that counts every new row; verdicts of later rules count only the rows that were left.
WITH of_day AS (
    SELECT cycle_number
    FROM cycle
    WHERE as_of >= $start AND as_of < $stop AND cycle_number <= $through_cycle
),
delivery AS (
    SELECT max(rows_checked) AS rows_checked
    FROM quality_result
    SEMI JOIN of_day USING (cycle_number)
    WHERE subject = $feed AND expectation = 'parse'
    GROUP BY cycle_number
),
admitted AS (
    SELECT flags
    FROM query_table($table_name)
    SEMI JOIN of_day USING (cycle_number)
),
refused AS (
    SELECT feed
    FROM quarantine
    SEMI JOIN of_day USING (cycle_number)
    WHERE feed = $feed
)
SELECT
    $feed AS feed,
    (SELECT coalesce(sum(rows_checked), 0)::BIGINT FROM delivery) AS rows_checked,
    (SELECT count(*) FROM admitted) AS rows_admitted,
    (SELECT count(*) FROM admitted WHERE flags <> '') AS rows_flagged,
    (SELECT count(*) FROM refused) AS rows_quarantined
