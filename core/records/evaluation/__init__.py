"""Reports of what was measured on a set of weights: robustness, explanations, suspicion."""
