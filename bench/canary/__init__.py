"""How often a canary errs, and how long it takes, on real models' graded answers."""
