"""What the source published and claimed, as data, and the rules that judge it by our numbers.

`source` and `published` read report/source and set it beside ours; `rules` decide, and `claims` writes every verdict.
"""
