"""Conversation sources: files and streams that conversations are imported from."""
