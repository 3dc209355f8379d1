"""The classifier and everything that needs nothing but its weights.

classifier      pixels in [0, 1] -> logits; loading, saving, importing weights
manifest        model.json: what is known of the weights
predictor       images -> predictions, with confidence and suspicion
onnx            the forward pass compiled
threads         how many threads a forward pass uses
fast            a network that attacks step on, with fast_layers
training        from scratch, with augmentation
accuracy        accuracy, macro F1, calibration error
corruptions     weather, cameras and files, at five severities
gtsrb           the official data set
suspicion       how unlike clean images a prediction is
"""
