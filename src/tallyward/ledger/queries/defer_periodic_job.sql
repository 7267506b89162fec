-- Puts one job into the durable queue unless one with its lock waits already.
SELECT procrastinate.procrastinate_defer_jobs_v1(ARRAY[
    (%(duty)s, %(duty)s, 0, %(lock)s, %(lock)s, %(args)s::jsonb, NULL)::procrastinate.procrastinate_job_to_defer_v1
])
WHERE NOT EXISTS (
    SELECT FROM procrastinate.procrastinate_jobs WHERE queueing_lock = %(lock)s AND status = 'todo'
);
