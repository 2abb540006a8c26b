"""JavaScript of sequtils/live, run in a real browser and, where there is one, in node."""

import base64
import json
import shutil
import subprocess

import numpy as np
import pytest

from sequtils.live import page
from tests.browser import Browser

MODULES = ("data", "network", "random", "features")


class Chromium:
    """Runs JavaScript in a page that holds the modules as the report does: joined, in one script."""

    def __init__(self, folder):
        self.browser, self.page = Browser(), folder / "page.html"

    def __call__(self, body, **data):
        script = f"{page.joined(MODULES)}\nglobalThis.run = async (data) => {{ {body} }};"
        self.page.write_text(f'<!doctype html><meta charset="utf-8"><script type="module">{script}</script>')
        self.browser.open(self.page)
        answer = self.browser.run(f"run({json.dumps(data)}).then(JSON.stringify)")
        assert self.browser.errors == []
        return json.loads(answer)

    def close(self):
        self.browser.close()


class Node:
    """Runs JavaScript as a program that imports the modules."""

    def __init__(self, folder):
        if not shutil.which("node"):
            pytest.skip("node is not installed")
        self.folder = folder
        for name in MODULES:
            shutil.copy(page.FOLDER / f"{name}.js", folder / f"{name}.js")
        (folder / "package.json").write_text('{"type": "module"}')

    def __call__(self, body, **data):
        imports = "".join(f'import * as {name} from "./{name}.js";\nObject.assign(globalThis, {name});\n'
                          for name in MODULES)
        code = f"const run = async (data) => {{ {body} }};\nconsole.log(JSON.stringify(await run({json.dumps(data)})));"
        (self.folder / "program.js").write_text(imports + code)
        done = subprocess.run(["node", "program.js"], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def close(self):
        pass


def packed(array):
    """A float32 array in base64."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
