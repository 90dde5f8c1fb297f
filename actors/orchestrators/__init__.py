"""Orchestrators: one pattern each. They know nothing of failure: their supervisor tells them how children ended."""
