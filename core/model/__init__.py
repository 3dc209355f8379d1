"""The rooms that import torch: classifier, attacks, explanations, suspicion, training."""
