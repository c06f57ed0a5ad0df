"""Reports: they read a Run and nothing else."""
