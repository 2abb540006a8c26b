"""Figures of single chapters, in the style of `plots`."""
