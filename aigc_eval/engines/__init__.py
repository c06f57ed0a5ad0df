"""Engines: where batches are mapped."""
