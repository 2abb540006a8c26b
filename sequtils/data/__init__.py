"""Files on disk, or the embedded sample -> a checked `Dataset` of training and test sequences, and their features.

`load` gives a Dataset; whatever is wrong with the files is told in one `DataError`. `features` makes sequences ready
for a network, `check` describes a folder, `sample` holds the embedded data. Nothing here needs PyTorch.
"""

from sequtils.data.datasets import Dataset, Part, load, scan
from sequtils.data.formats import DataError, read_segment, read_stroke
from sequtils.data.layouts import LAYOUTS, data_folder, names, sources

__all__ = ["LAYOUTS", "DataError", "Dataset", "Part", "data_folder", "load", "names", "read_segment", "read_stroke",
           "scan", "sources"]
