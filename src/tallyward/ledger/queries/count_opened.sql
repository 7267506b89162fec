-- Of the work items that were opened last, how many are abandoned.
SELECT count(*) AS opened, count(*) FILTER (WHERE phase = 'abandoned') AS abandoned
FROM (SELECT phase FROM work_items ORDER BY opened_at DESC, id DESC LIMIT %(limit)s) AS last
