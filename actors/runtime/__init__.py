"""The runtime: the composition root, and what a service embeds."""
