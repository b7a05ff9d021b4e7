"""What a bot developer or a person at a terminal touches: settings, wiring, the manager, the command line."""
