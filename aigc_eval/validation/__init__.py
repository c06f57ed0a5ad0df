"""`aigc-eval validate`: a scorer on labelled examples, from the file to its card."""
