"""What the health numbers of an adapter are, and how they are made of counts and sums."""
