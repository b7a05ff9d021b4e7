"""Redis, PostgreSQL, Chroma and Neo4j for the tests, without Docker: see run.py."""

from servers.server_set import Outcome, ServerSet

__all__ = ["Outcome", "ServerSet"]
