"""Measuring a set of weights: robustness, explanations, suspicion; its model card."""
