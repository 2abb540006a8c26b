"""The page's script, as one that imports nothing, because a page that is opened from disk may not; and the page's rule
that nothing else runs and nothing is asked for."""

import base64
import hashlib
import json
import re
from pathlib import Path

FOLDER = Path(__file__).parent
# Each before those that import it.
MODULES = ("data", "network", "random", "features", "dom", "pictures", "pad", "view", "strokes", "segments", "trainer",
           "main")
POLICY = ("default-src 'none'; script-src {scripts}; worker-src blob:; style-src 'unsafe-inline'; img-src data:; "
          "base-uri 'none'; form-action 'none'")
SCRIPT = re.compile(r"<script(?![^>]*application/json)[^>]*>(.*?)</script>", re.DOTALL)


def joined(modules=MODULES):
    """Modules (names, each before those that import it) as the text of one: without their imports and exports."""
    text = "\n".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in modules)
    text = re.sub(r"^import .*?;\n", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^export (?=\w)", "", text, flags=re.MULTILINE)


def module(name, before):
    """The text of one module that draws a widget: `before`, joined, then the module called so with its `render`."""
    return f"{joined((*before, name))}\nexport default {{render}};\n"


def style(*names):
    """Style sheets as the text of one."""
    return "\n".join((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in names)


def with_networks(html, data):
    """A page that has an element with the id "live", with the networks in it. data: see `export.page_data`."""
    # No name of a class or a file can end the element: "<" is not written as such.
    text = json.dumps(data, allow_nan=False, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    html = html.replace("</head>", f"<style>{style('live')}</style></head>", 1)
    body, end = html.rsplit("</body>", 1)
    return (f'{body}<script type="application/json" id="live-data">{text}</script>'
            f'<script type="module" id="live-script">{joined()}</script></body>{end}')


def sealed(html):
    """The page with a content security policy: the scripts that it holds now may run and start a thread with their own
    text, pictures in it may be shown, and that is all."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in SCRIPT.findall(html)]
    policy = POLICY.format(scripts=" ".join(f"'sha256-{h}'" for h in hashes) or "'none'")
    return html.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">', 1)

