"""Notebooks -> the batch run, its provenance, and the report as PDF and web page.

`runner` says what runs, `execution` runs it while `board` tells how far it is, `provenance` says from what, `pages` and
`equations` set notebooks for the web, `render` sets the document, `release` hands it in.
"""
