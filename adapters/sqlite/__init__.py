"""All four tiers and the outbox in one SQLite file."""
