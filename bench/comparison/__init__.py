"""How golden runs of two versions are compared: how early, how surely, how honestly."""
