"""Heat maps: why an image got the score of a class, and where.

`run` explains images of any sizes by a method of `methods`: FullGrad (`fullgrad`, over
`bias_gradients` and `gradient_sum`), its relatives (`fullgrad_variants`) and Grad-CAM (`grad_cam`).
A further method is one function and one line in `METHODS`. `heat_maps` draws maps as pixels,
`comparison` puts two images side by side for `png` and `html`, `contact_sheet` many captures;
`export` writes maps into a folder, `map_measures` judges them.

Examples
--------
>>> import numpy as np, torch
>>> from core.model.classifier import Classifier
>>> from core.model.manifest import Manifest
>>> manifest = Manifest("toy", 8, (0.5,) * 3, (0.5,) * 3, ("dark", "bright"))
>>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 2))
>>> classifier = Classifier(manifest, network)
>>> image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
>>> (explanation,) = explain_images(classifier, [image], [1])
>>> explanation.map.shape, explanation.class_id, list(explanation.contributions)
((8, 8), 1, ['input', '1'])
>>> parts = sum(explanation.contributions.values())  # they add up to the score
>>> abs(parts - explanation.logit) < 1e-5, explanation.residual < 1e-5
(True, True)
"""

from core.explain.methods import METHODS, get_method
from core.explain.run import explain_images

__all__ = ["METHODS", "explain_images", "get_method"]
