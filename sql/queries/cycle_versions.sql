-- Version of the twin that ran each cycle.
SELECT cycle_number, software_version
FROM cycle
