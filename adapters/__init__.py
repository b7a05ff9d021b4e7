"""Ports filled in: one folder a technology."""
