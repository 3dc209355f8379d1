"""Which runs say how things stand now.

Of each endpoint the latest evaluated run of every schedule that is running, and the latest that
was asked for otherwise. One that was asked for replaces what was before it, and is replaced by
whatever comes after it. A run that evaluated nothing replaces none.
"""

from core.store.schedules import RUNNING

STANDING = f"""
    WITH running AS ({RUNNING}),
    latest AS (
        SELECT execution_id, endpoint, status, (coalesce(number, 0), started_at) AS place,
            started_at, CASE WHEN schedule IN (SELECT name FROM running) THEN schedule END AS again
        FROM log.executions
        WHERE status IN ('Completed', 'CompletedWithViolations')
        QUALIFY row_number() OVER (PARTITION BY endpoint, again ORDER BY place DESC) = 1)
    SELECT execution_id FROM latest
    WHERE (again IS NOT NULL OR started_at >= ? OR place = (SELECT max(place) FROM latest))
        AND NOT EXISTS (
            SELECT 1 FROM latest AS later
            WHERE later.place > latest.place AND later.endpoint IS NOT DISTINCT FROM latest.endpoint
                AND (later.again IS NULL OR latest.again IS NULL))
    ORDER BY status = 'CompletedWithViolations' DESC, place DESC"""
