"""Measures a set of weights, and writes its model card.

robustness          accuracy under attacks and corruptions
explanations        completeness, localisation, deletion, randomisation of FullGrad
randomisation       maps of networks with random layers
suspicion           how well suspicion finds attacks
adaptive_attack     an attack that evades suspicion
intervals           confidence intervals, by track
model_card          README.md beside the weights
"""
