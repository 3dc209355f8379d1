"""The colours of charts on the theme that the reader has chosen."""

import streamlit as st

from core.plots.overview import DARK, LIGHT, Palette


def palette() -> Palette:
    """Those of a dark page, or of a light one."""
    return DARK if st.context.theme.type == "dark" else LIGHT
