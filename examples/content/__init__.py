"""Writes an article for a brief, of cited statements: prepared step by step, then written and edited at once."""
