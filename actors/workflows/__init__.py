"""Workflows: what a workflow is written in, and how it is drawn."""
