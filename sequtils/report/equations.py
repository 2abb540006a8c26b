"""Equations of notebooks as drawings inside a page: LaTeX set by matplotlib's mathtext, so that no script is needed."""

import html
import re

DISPLAY, INLINE = re.compile(r"\$\$(.+?)\$\$", re.DOTALL), re.compile(r"(?<![\\$])\$([^$\n]+?)\$")
# What mathtext lacks, in words that it has.
WORDS = ((r"\\(begin|end)\{(aligned|align\*?|equation\*?)\}", ""), (r"(?<!\\)&", ""), (r"\\tfrac", r"\\frac"),
         (r"\\(d?frac)\s*(\w)\s*(\w)", r"\\\1{\2}{\3}"), (r"\\(d?frac)\s*(\d)\s*\{", r"\\\1{\2}{"),
         (r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", r"\\left(\\substack{\1}\\right)"),
         (r"\\([lg])e(?![a-zA-Z])", r"\\\1eq"), (r"\\[lr]?Vert(?![a-zA-Z])", r"\\|"),
         (r"\\([lr]?vert|mid)(?![a-zA-Z])", "|"), (r"\\[bB]igg?[lr]?(?![a-zA-Z])", ""),
         (r"\\qquad(?![a-zA-Z])", r"\\quad\\quad"), (r"\\dots(?![a-zA-Z])", r"\\ldots"))
SIZE = 10  # of the letters, in the units of the drawing


def take(markdown, cell=0):
    """The markdown text of a cell, counted from 0, with a mark in place of each equation, and mark -> how a page shows
    it. The marks of different cells differ."""
    drawn = {}

    def mark(show):
        def replace(match):
            name = f"EQUATION{cell}N{len(drawn)}END"
            drawn[name] = show(match.group(1).strip())
            return name

        return replace

    text = INLINE.sub(mark(inline), DISPLAY.sub(mark(display), markdown))
    return text, drawn


def display(latex):
    """An equation on lines of its own."""
    matrix = re.search(r"\\begin\{(?!align|equation)", latex)
    lines = [latex] if matrix else [line.strip() for line in re.split(r"\\\\", latex) if line.strip()]
    lines = [inline(line, r"\dfrac") for line in lines]
    return "".join(f'<span class="equation scroll">{line}</span>' for line in lines)


def inline(latex, fraction=r"\frac"):
    r"""An equation in a line of text, as an SVG drawing in the text's own colour; as LaTeX where it cannot be drawn.

    fraction: the command that sets a fraction, r"\dfrac" for one of full size."""
    plain = latex.replace(r"\frac", fraction)
    for pattern, word in WORDS:
        plain = re.sub(pattern, word, plain)
    plain = " ".join(plain.split())
    try:
        return _drawn(f"${plain}$", html.escape(latex))
    except ValueError:  # mathtext's own, with the place at which it gave up
        return f"<code>{html.escape(latex)}</code>"


def _drawn(text, label):
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath, text_to_path

    font = FontProperties(size=SIZE, math_fontfamily="stix")
    width, height, below = text_to_path.get_text_width_height_descent(text, font, ismath=True)
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}  # matplotlib's codes of a path's parts
    parts = [letters[int(code)] + " ".join(f"{v:.2f}" for v in points * ([1, -1] * (len(points) // 2)))
             if code != 79 else "Z" for points, code in TextPath((0, 0), text, prop=font).iter_segments()]
    em = lambda length: f"{1.1 * length / SIZE:.3f}em"
    return (f'<svg role="img" aria-label="{label}" viewBox="0 {below - height:.2f} {width:.2f} {height:.2f}" '
            f'style="width:{em(width)};height:{em(height)};vertical-align:{em(-below)}" fill="currentColor">'
            f'<path d="{"".join(parts)}"/></svg>')
