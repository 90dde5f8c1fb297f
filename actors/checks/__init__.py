"""The checks: what can be found wrong with a workflow without running it, one family of flaws a file."""
