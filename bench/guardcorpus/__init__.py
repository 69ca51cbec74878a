"""A made-up corpus for guards: places that must be found, and hard negatives beside them.

Written from the standards and from how people write, not from the patterns of `guards/checks`:
check digits are computed here by other code, and a share of the positives is in forms that are
hard to find. Every item follows from the seed.
"""
