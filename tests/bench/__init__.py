"""Benchmarks: rates as ratios to a bare reference in the same run; nothing here asserts a time."""
