"""In JupyterLab: a `Pad` to draw on, whose stroke is an array in the kernel while the pen moves and which shows what
networks make of it, computed in the browser by network.js; and a `Collector` that keeps strokes on disk.

Where no browser is, as under papermill, they stand still: a Pad has a recorded stroke, a Collector does nothing.
"""

import anywidget
import numpy as np
import traitlets
from torch.nn.utils import parameters_to_vector

from sequtils.live import collect, export, page

SHARED = ("data", "network", "features", "dom", "pictures", "pad", "view", "strokes")


class Pad(anywidget.AnyWidget):
    """A canvas for one stroke. stroke: float32 (T, 2), what the networks read: the first test stroke until one is drawn
    or assigned; a drawn one is brought to as many points as the data's strokes have, from 0 to 1, y upwards.

    dataset: the handwriting Dataset. models: cell -> `RecurrentClassifier`, fitted with the same features on its class
    numbers. Raises ValueError for others.
    """

    _esm = page.module("widget", SHARED)
    _css = page.style("lab", "live")
    given = traitlets.Dict().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True, from_json=lambda view, widget: bytes(view))

    def __init__(self, dataset, models):
        given = {"handwriting": export.shown_strokes(dataset),
                 "networks": [_network(cell, model, dataset) for cell, model in models.items()]}
        if len({tuple(model.recipe_) for model in models.values()}) != 1:
            raise ValueError("the models have different features, expected the same in all of them")
        super().__init__(given=given, points=_bytes(dataset.test.x[0]))

    @property
    def stroke(self):
        return np.frombuffer(self.points, "<f4").reshape(-1, 2).copy()

    @stroke.setter
    def stroke(self, points):
        self.points = _bytes(points)

    def __repr__(self):
        return "A canvas to draw a stroke on: open this notebook in JupyterLab and run it."


class Collector(anywidget.AnyWidget):
    """A canvas for characters of one's own, kept in a folder of data, which appears with the first one; see
    `collect.keep`."""

    _esm = page.module("collect", SHARED[: SHARED.index("view")])
    _css = Pad._css
    counts = traitlets.List().tag(sync=True)

    def __init__(self, root):
        super().__init__(counts=collect.counts(root))
        self.root = root
        self.on_msg(self._keep)

    def _keep(self, _, content, buffers):
        """Keep a stroke that the browser sent, and answer."""
        try:
            path = collect.keep(self.root, content["name"], np.frombuffer(buffers[0], "<f4").reshape(-1, 2))
            kept, said = True, f"Kept as {path}."
        except (ValueError, OSError) as error:
            kept, said = False, f"Not kept: {error}."
        self.counts = collect.counts(self.root)
        self.send({"kept": kept, "said": said})

    def __repr__(self):
        return "A canvas to collect characters of your own: open this notebook in JupyterLab and run it."


def _bytes(points):
    points = np.ascontiguousarray(points, "<f4")
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points have the shape {points.shape}, expected (T, 2)")
    return points.tobytes()


def _network(cell, model, dataset):
    """A fitted classifier as the page has its networks."""
    if len(model.classes_) != len(dataset.classes) or model.n_features_in_ != 2:
        raise ValueError(f"the {cell} model has {len(model.classes_)} classes of {model.n_features_in_} features, "
                         f"expected {len(dataset.classes)} of 2")
    network = model.model_
    weights = parameters_to_vector(network.parameters()).detach().cpu().numpy()
    return {"dataset": "handwriting", "setup": "kernel", "points": None, "cell": network.cell,
            "pooling": network.pooling, "sizes": [network.inputs, *network.hidden, network.classes],
            "weights": export.packed(weights), "accuracy": model.score(dataset.test.x, dataset.test.y),
            "recipe": export.recipe_steps(model.recipe_, model.statistics_)}
