"""The outbox's statements. Constants all: values come as parameters.

Whoever locks several jobs does so by user and job number, so that two never wait for each other.
"""

from __future__ import annotations

_JOB = "job_id, kind, projection, conversation_id, epoch, attempts"


def _job_of(table: str) -> str:
    """What makes an OutboxJob, but for its user."""
    return f"{table}.{_JOB.replace(', ', f', {table}.')}"


# A commit of what a worker has done or taken need not wait for the disk: were it lost, the job would be done once more.
_NOT_DURABLE = "relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"

CLAIM = f"""
WITH {_NOT_DURABLE}, due AS MATERIALIZED (
    SELECT user_no, job_id FROM outbox WHERE projection = $1 AND due_at <= now()
    ORDER BY due_at LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET attempts = attempts + 1, due_at = now() + $3::interval, worker_id = $4
FROM due CROSS JOIN relaxed JOIN users USING (user_no)
WHERE outbox.user_no = due.user_no AND outbox.job_id = due.job_id
RETURNING {_job_of("outbox")}, tenant_id, user_id
"""

# $1 to $3: tenants, users and numbers of jobs.
_GIVEN = """
given AS MATERIALIZED (
    SELECT user_no, outbox.job_id
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS settled (tenant_id, user_id, job_id)
    JOIN users USING (tenant_id, user_id) JOIN outbox USING (user_no)
    WHERE outbox.job_id = settled.job_id
    ORDER BY user_no, outbox.job_id
    FOR UPDATE OF outbox
)
"""
_IS_GIVEN = "outbox.user_no = given.user_no AND outbox.job_id = given.job_id"

COMPLETE = f"WITH {_NOT_DURABLE}, {_GIVEN} DELETE FROM outbox USING given CROSS JOIN relaxed WHERE {_IS_GIVEN}"
RETRY = f"""
WITH {_NOT_DURABLE}, {_GIVEN}
UPDATE outbox SET due_at = now() + $4::interval, worker_id = NULL FROM given CROSS JOIN relaxed WHERE {_IS_GIVEN}
"""
BURY = f"""
WITH {_GIVEN}, gone AS (
    DELETE FROM outbox USING given WHERE {_IS_GIVEN}
    RETURNING outbox.user_no, sequence, {_job_of("outbox")}
)
INSERT INTO dead_letters (user_no, sequence, error, {_JOB}) SELECT user_no, sequence, $4, {_JOB} FROM gone
"""

DEAD_LETTERS = f"""
SELECT error, buried_at, {_job_of("dead_letters")}, tenant_id, user_id FROM dead_letters JOIN users USING (user_no)
ORDER BY buried_at, job_id LIMIT $1
"""
# As new jobs: a worker that is late with one of them settles nothing of these.
REVIVE = f"""
WITH gone AS (
    DELETE FROM dead_letters WHERE $1::text IS NULL OR projection = $1 RETURNING user_no, sequence, {_JOB}
), revived AS (
    INSERT INTO outbox (user_no, sequence, conversation_id, epoch, kind, projection)
    SELECT user_no, sequence, conversation_id, epoch, kind, projection FROM gone ORDER BY job_id
    RETURNING job_id
)
SELECT count(*) FROM revived
"""

# $1 and $2: tenants and users. Nobody is forgotten between the two statements of an enqueueing.
LOCK_USERS = """
SELECT FROM users JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS given (tenant_id, user_id)) AS wanted
USING (tenant_id, user_id)
ORDER BY user_no FOR SHARE OF users
"""
# The new job takes the place of one that was given up.
ENQUEUE = """
WITH wanted AS MATERIALIZED (
    SELECT user_no, sequence, conversation_id, epoch
    FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::uuid[]) AS given (tenant_id, user_id, conversation_id))
        AS given
    JOIN users USING (tenant_id, user_id) JOIN conversations USING (user_no, conversation_id)
), superseded AS (
    DELETE FROM dead_letters USING wanted
    WHERE dead_letters.user_no = wanted.user_no AND dead_letters.sequence = wanted.sequence AND projection = $4
)
INSERT INTO outbox (kind, projection, user_no, conversation_id, sequence, epoch)
SELECT 'project', $4, user_no, conversation_id, sequence, epoch FROM wanted
WHERE NOT EXISTS (
    SELECT FROM outbox
    WHERE outbox.user_no = wanted.user_no AND outbox.sequence = wanted.sequence
    AND outbox.projection = $4 AND attempts = 0
)
ORDER BY user_no, sequence
"""

# Only the latest conversations are looked at, however many are behind: both parts come by index in descending order.
_LACKING = "user_no = owner.user_no AND projection = ANY($3::text[])"
PENDING = f"""
SELECT conversation_id, array_agg(projection) FROM (
    SELECT user_no FROM users WHERE tenant_id = $1 AND user_id = $2
) AS owner CROSS JOIN LATERAL (
    (SELECT DISTINCT sequence FROM outbox WHERE {_LACKING} AND sequence IS NOT NULL ORDER BY sequence DESC LIMIT $4)
    UNION
    (SELECT DISTINCT sequence FROM dead_letters WHERE {_LACKING} AND sequence IS NOT NULL
    ORDER BY sequence DESC LIMIT $4)
    ORDER BY sequence DESC LIMIT $4
) AS latest CROSS JOIN LATERAL (
    SELECT conversation_id, projection FROM outbox WHERE {_LACKING} AND sequence = latest.sequence
    UNION ALL
    SELECT conversation_id, projection FROM dead_letters WHERE {_LACKING} AND sequence = latest.sequence
) AS lacking
GROUP BY sequence, conversation_id ORDER BY sequence DESC
"""

BACKLOG = """
SELECT projection, sum(waiting)::bigint, max(age_s), sum(dead)::bigint FROM (
    SELECT projection, count(*) AS waiting, extract(epoch FROM now() - min(created_at))::double precision AS age_s,
        0 AS dead
    FROM outbox GROUP BY projection
    UNION ALL
    SELECT projection, 0, 0, count(*) FROM dead_letters GROUP BY projection
) AS part
GROUP BY projection
"""
