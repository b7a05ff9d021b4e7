"""Tier 1 on a Redis server."""
