"""Figures of data, of trainings and of single chapters, in the style of `plots`; each function returns one."""
