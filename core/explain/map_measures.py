"""What a map is compared with: the sign's box, other maps, the pixels that matter least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.floating]  # (N, height, width)
Mask = NDArray[np.bool_]  # (N, height, width)


def inside_boxes(boxes: NDArray[np.float64], height: int, width: int) -> Mask:
    """Which pixels have their centre in the box (N, 4): left, top, right, bottom as shares."""
    left, top, right, bottom = (boxes[:, [side], None] for side in range(4))
    y = ((np.arange(height) + 0.5) / height)[None, :, None]
    x = ((np.arange(width) + 0.5) / width)[None, None, :]
    inside: Mask = (left <= x) & (x < right) & (top <= y) & (y < bottom)
    return inside


def pointing_hits(maps: Maps, inside: Mask) -> NDArray[np.float64]:
    """(N,), 1 where the largest value lies inside (pointing game, without any tolerance).

    Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016.
    """
    largest = maps.reshape(len(maps), -1).argmax(axis=1)
    hits = np.take_along_axis(inside.reshape(len(maps), -1), largest[:, None], axis=1)
    return hits[:, 0].astype(np.float64)


def energy_inside(maps: Maps, inside: Mask) -> NDArray[np.float64]:
    """(N,), share of a map's mass inside (Wang et al., "Score-CAM", CVPR workshops 2020).

    A map without mass has 0.
    """
    mass = maps.sum(axis=(1, 2), dtype=np.float64)
    within = (maps * inside).sum(axis=(1, 2), dtype=np.float64)
    return _quotient(within, mass)


def least_salient(maps: Maps, share: float, *, seed: int) -> Mask:
    """The pixels with the smallest values, `share` of each map; ties are broken at random."""
    flat = maps.reshape(len(maps), -1)
    ties = np.random.default_rng(seed).random(flat.shape)
    chosen = np.zeros(flat.shape, dtype=bool)
    order = np.lexsort((ties, flat), axis=1)[:, : round(share * flat.shape[1])]
    np.put_along_axis(chosen, order, values=True, axis=1)
    return chosen.reshape(maps.shape)


def spearman(left: Maps, right: Maps) -> NDArray[np.float64]:
    """(N,), rank correlation of each pair of maps; equal values share their mean rank.

    Where one of the two is constant there is none: 0.
    """
    ranks = [_centred_ranks(maps.reshape(len(maps), -1)) for maps in (left, right)]
    lengths = np.linalg.norm(ranks[0], axis=1) * np.linalg.norm(ranks[1], axis=1)
    products = (ranks[0] * ranks[1]).sum(axis=1)
    return _quotient(products, lengths)


def _quotient(above: NDArray[np.floating], below: NDArray[np.floating]) -> NDArray[np.float64]:
    """0 where there is nothing below."""
    quotient = np.zeros(len(above))
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient


def _centred_ranks(rows: Maps) -> NDArray[np.float64]:
    ranks = np.empty(rows.shape, dtype=np.float64)
    for row, values in enumerate(rows):
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks[row] = (np.cumsum(counts) - (counts + 1) / 2)[place]
    ranks -= ranks.mean(axis=1, keepdims=True)
    return ranks
