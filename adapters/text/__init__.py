"""Local text processing: words and stems, summaries, topics, intent. No model, no network."""
