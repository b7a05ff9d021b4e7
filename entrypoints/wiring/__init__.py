"""Puts a memory together: which adapter stands behind which port, chosen by the settings."""
