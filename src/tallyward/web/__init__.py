"""HTTP: the API, the pages, and who may call what. Thin over `services`."""
