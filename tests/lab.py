"""JupyterLab in a real browser: a server on the loopback interface with a token, and what a reader does there."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

from sequtils import paths
from tests.browser import Browser

QUIET = {"fetchNews": "false", "checkForUpdates": False}  # no request to anywhere else
NOTEBOOK = "jupyterapp.shell.currentWidget"
# The text that code prints in the kernel of the notebook that is shown.
PRINTED = """(async () => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code: %s, store_history: false}), said = [];
  future.onIOPub = ({content}) => said.push(content.text ?? content.evalue ?? "");
  await future.done;
  return said.join("");
})()"""


class Lab:
    """The server, with copies of the notebooks, and one tab that shows it."""

    def __init__(self, folder):
        self.browser = Browser()
        shutil.copytree(paths.NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns("*.py", ".*"))
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(QUIET))
        self.folder, token = folder / "notebooks", secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython",
               "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser",
                 "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
                 f"--ServerApp.root_dir={self.folder}"],
                env={**os.environ, "PYTHONPATH": str(paths.ROOT), **{k: str(folder / v) for k, v in own.items()}},
                stdout=log, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        until(lambda: self._answers(f"{address}/api?token={token}"), "the server answers")
        self.browser.tell("Emulation.setFocusEmulationEnabled", enabled=True)  # the lab asks which part has the focus
        self.browser.screen(1200, mobile=False)
        self.browser.visit(f"{address}/lab?token={token}")
        self.wait("globalThis.jupyterapp?.restored.then(() => true)")

    def _answers(self, address):
        assert self.process.poll() is None, "the server has ended: " + self.log.read_text()
        try:
            return urlopen(address).status == 200
        except URLError:
            return False

    def run(self, script):
        return self.browser.run(script)

    def wait(self, condition, seconds=60):
        until(lambda: self.run(condition), condition, seconds)

    def open(self, name):
        """Show a notebook, with a kernel that is ready."""
        self.run(f"void jupyterapp.commands.execute('docmanager:open', {{path: {json.dumps(name)}}})")
        self.wait(f"{NOTEBOOK}?.context?.path === {json.dumps(name)} && {NOTEBOOK}.context.isReady")
        self.wait(f"{NOTEBOOK}.sessionContext.session?.kernel?.status === 'idle'")

    def run_all(self, seconds=600):
        """Run all cells as the menu does; nbformat's code cells as they are then."""
        self.run("ran = false; void jupyterapp.commands.execute('notebook:run-all-cells').then(() => { ran = true; })")
        self.wait("ran", seconds)
        return [cell for cell in self.run(f"{NOTEBOOK}.model.toJSON()")["cells"] if cell["cell_type"] == "code"]

    def close_notebook(self):
        self.run(f"(async () => {{ await {NOTEBOOK}.context.save(); await {NOTEBOOK}.sessionContext.shutdown();"
                 f"{NOTEBOOK}.close(); }})()")

    def printed(self, code):
        """What code prints in the kernel of the notebook that is shown, or the error that it raises."""
        return self.run(PRINTED % json.dumps(code))

    def show(self, cell):
        """Bring the cell with an id onto the screen, and make it the active one; the number of the cell."""
        index = self.run(f"{NOTEBOOK}.content.widgets.findIndex((c) => c.model.id === {json.dumps(cell)})")
        self.run(f"{NOTEBOOK}.content.activeCellIndex = {index}; {NOTEBOOK}.content.scrollToItem({index}, 'start')")
        return index

    def replace(self, cell, old, new):
        """Type `new` over `old` in the cell with an id, as a reader does."""
        index = self.show(cell)
        editor = f"{NOTEBOOK}.content.widgets[{index}].editor"
        source = self.run(f"{editor}.model.sharedModel.getSource()")
        assert source.count(old) == 1
        start = source.index(old)
        self.run(f"{NOTEBOOK}.content.mode = 'edit'; {editor}.focus(); {editor}.setSelection({{"
                 f"start: {editor}.getPositionAt({start}), end: {editor}.getPositionAt({start + len(old)})}})")
        self.browser.tell("Input.insertText", text=new)
        self.wait(f"{editor}.model.sharedModel.getSource() === {json.dumps(source.replace(old, new))}")

    def box(self, selector):
        """x, y, width, height on the screen of the first element that a selector finds."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.wait(f"{found}?.checkVisibility()")
        self.run(f"{found}.scrollIntoView({{block: 'center'}})")
        time.sleep(0.3)  # a notebook that scrolls settles
        return self.run(f"(r => [r.x, r.y, r.width, r.height])({found}.getBoundingClientRect())")

    def click(self, selector):
        x, y, width, height = self.box(selector)
        self.browser.drag([(x + width / 2, y + height / 2)])

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.browser.close()


def until(true, what, seconds=60):
    """Wait until a function gives a true value."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.05)
