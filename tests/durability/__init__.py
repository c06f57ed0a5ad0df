"""Runs that are killed, interrupted, short of disk or doubled: a warm process forks one real run after the other."""
