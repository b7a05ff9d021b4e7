"""The archive, its outbox and the lexical index on a PostgreSQL server."""
