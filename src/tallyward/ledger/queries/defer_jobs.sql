-- Puts jobs into the durable queue; they begin when this transaction has committed. Each duty has a queue of its own.
SELECT procrastinate.procrastinate_defer_jobs_v1(array_agg(
    (
        job ->> 'duty', job ->> 'duty', 0, job ->> 'lock', NULL,
        job -> 'args', now() + make_interval(secs => (job ->> 'delay')::double precision)
    )::procrastinate.procrastinate_job_to_defer_v1
    ORDER BY place
)) AS ids
FROM jsonb_array_elements(%(jobs)s::jsonb) WITH ORDINALITY AS told (job, place);
