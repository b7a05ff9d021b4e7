"""Adapters over a Chroma server: summaries and their vectors."""
