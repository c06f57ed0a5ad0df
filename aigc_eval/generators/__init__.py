"""Generators, one file each; none imports another."""
