"""Heat maps: FullGrad, its variants, Grad-CAM."""
