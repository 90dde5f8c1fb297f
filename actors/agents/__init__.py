"""Agents: what one is, its definition, its mailbox, and one event that it handles."""
