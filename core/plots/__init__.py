"""What pages draw with: charts from records, small images, overlays of heat maps."""

from core.explain.comparison import Comparison, Side
from core.explain.contact_sheet import ContactSheet, Means, Tile
from core.explain.heat_maps import COLOUR_MAPS, common_scale, overlay
from core.images import LONGEST_SIDE, encode_png, fit
from core.thumbnails import (
    data_url,
    enlarged,
    magnified_difference,
    no_image,
    resized,
    strip_tile,
    thumbnail,
)

__all__ = [
    "COLOUR_MAPS",
    "LONGEST_SIDE",
    "Comparison",
    "ContactSheet",
    "Means",
    "Side",
    "Tile",
    "common_scale",
    "data_url",
    "encode_png",
    "enlarged",
    "fit",
    "magnified_difference",
    "no_image",
    "overlay",
    "resized",
    "strip_tile",
    "thumbnail",
]
