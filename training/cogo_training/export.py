"""Step 5: the token table as the engine reads it: int8 rows with one scale a row, in a safetensors file.

The vector of token t is `embeddings[t] · scales[t]`; its length is the token's weight. int8 costs nothing that can be
measured. The same table gives the same bytes.
"""

import numpy as np
from safetensors.numpy import load_file, save


def quantise(table):
    """(int8 rows, f32 scales) of a table; the whole is scaled so that the mean absolute number is 0.05."""
    table = table / max(float(np.abs(table).mean()), 1e-12) * 0.05
    scales = np.abs(table).max(1) / 127
    scales[scales == 0] = 1e-9
    rows = np.clip(np.round(table / scales[:, None]), -127, 127).astype("i1")
    return rows, scales.astype("f4")


def write(table, path):
    """Writes `embeddings` and `scales`; returns the number of bytes."""
    rows, scales = quantise(table)
    note = {"note": "vector[t] = embeddings[t] * scales[t]; its length is the weight of token t"}
    data = save({"embeddings": rows, "scales": scales}, metadata=note)
    path.write_bytes(data)
    return len(data)


def read(path):
    """The f32 table of a file that `write` made."""
    tensors = load_file(path)
    return tensors["embeddings"].astype("f4") * tensors["scales"][:, None]
