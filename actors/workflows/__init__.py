"""Workflows: the words that one is written in, and its drawing."""
