"""Labelling: sheets of outputs for people, their labels taken back, their agreement, labels for validating scorers."""
