"""The verbs: take fires in, hand out tokens, show a board. Each works on the ledger and knows nothing of HTTP."""
