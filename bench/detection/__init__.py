"""What the benchmarks of detection share: data, runs, figures."""
