"""Suspicion: how unlike clean images a prediction is.

features        logits and pooled features of one forward pass
transforms      copies of an image that a perturbation seldom survives
mahalanobis     distance of features to the mean of a class
calibration     the four scores, and those of clean images; its file
conformal       p-values from ranks, and smooth ones
looks           what an image shows, so that frames of one sign are known as such
fit             fits a calibration to clean images
scores          the suspicion of a prediction, with its reasons
drift           whether a calibration still fits the traffic
"""
