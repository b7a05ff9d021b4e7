"""The real clock and the real ids of this process."""
