"""Notebooks -> the batch run, its provenance, and the report as PDF and web page.

`runner` executes the notebooks, `provenance` says from what, `pages` and `equations` set notebooks for the web,
`render` sets the document, `release` hands it in.
"""
