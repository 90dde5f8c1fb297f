"""The grammar: how a workflow is written down as plain data."""
