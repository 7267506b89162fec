-- Every tenant whose sums are kept. The session has said that it sums.
SELECT tenant FROM rollup_state ORDER BY tenant
