-- I11: the cycles form one chain: numbered without a gap, each naming its predecessor's digest, never going back in time.
SELECT cycle_id, cycle_number, predecessor_digest, digest_before, as_of, as_of_before
FROM (
    SELECT
        *,
        lag(digest, 1, '') OVER chain AS digest_before,
        lag(as_of) OVER chain AS as_of_before,
        row_number() OVER chain AS position
    FROM cycle
    WINDOW chain AS (ORDER BY cycle_number)
)
WHERE predecessor_digest != digest_before OR as_of < as_of_before OR position != cycle_number
ORDER BY cycle_number
