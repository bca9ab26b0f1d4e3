-- Which tier spoke for each series, how often, why no better one, and how far off was it?
SELECT
    f.variable,
    f.series,
    f.kind,
    f.tier,
    f.reason,
    count(DISTINCT f.issued_at) AS issues,
    avg(abs(e.error)) AS mean_absolute_error
FROM out_forecast AS f
LEFT JOIN out_forecast_error AS e USING (variable, series, valid_from, issued_at, kind)
GROUP BY f.variable, f.series, f.kind, f.tier, f.reason
ORDER BY f.variable, f.series, f.kind, issues DESC
