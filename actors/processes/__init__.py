"""Processes: agents, and searches, in processes of their own."""
