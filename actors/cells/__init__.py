"""Cells: an agent's place, with its mailbox, instances, lifecycle, breaker and group."""
