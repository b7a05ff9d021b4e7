"""Tier 4 on Neo4j."""
