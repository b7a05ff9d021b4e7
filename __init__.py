"""talktiers: a four-tier memory for bots that talk to people."""
