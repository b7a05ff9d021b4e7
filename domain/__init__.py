"""Values and rules of the memory: pure, without I/O, clock, asyncio or logging."""
