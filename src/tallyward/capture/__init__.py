"""One file per source of work: what an agent program says goes in, records for the ledger come out. Pure."""
