"""Outliers among vectors, in scikit-learn's conventions: `fit`, `score_samples`, `predict`.

Scores are scikit-learn's: the lower, the odder. They order vectors; `calibrated` turns them into
p-values, for which a false-alarm rate can be stated.
"""
