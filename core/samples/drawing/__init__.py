"""German traffic signs that the project draws itself: all 43 GTSRB classes, flat or in a scene.

``draw_sign`` gives the bare sign, ``draw_scene`` an image like a photograph of it, and
``write_samples`` the folder of sample images. Everything is drawn from polygons and noise:
no photographs, no font files.
"""

from core.samples.drawing.flat import draw_sign
from core.samples.drawing.samples import write_samples
from core.samples.drawing.scene import draw_scene

__all__ = ["draw_scene", "draw_sign", "write_samples"]
