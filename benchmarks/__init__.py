"""Benchmarks: what a supervised step costs, side by side in one process."""
