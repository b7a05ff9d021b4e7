"""Every port that holds state, over plain Python values: for tests, for trying things out, and as the model of the others.

Nothing in here awaits: within one event loop every method is atomic. Nothing survives the process.
"""
