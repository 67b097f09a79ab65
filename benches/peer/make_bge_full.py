#!/usr/bin/env python3
"""Builds BGE-M3 in full size with random weights, fp32 and int8: what it costs does not depend on what it has learnt.

    make_bge_full.py FOLDER

Writes FOLDER/fp32/model.onnx with model.onnx_data (2.3 GB) and FOLDER/int8/model_int8.onnx (0.6 GB, MatMul and the
embedding tables quantised), each with config.json and a tokenizer of 250002 pieces. That is the small one of
tests/models/bge-tiny with unused pieces added: it splits text into more tokens than the real one, so compare tokens
per second, not texts per second. Takes some minutes, about 10 GB of memory and, for a while, 7 GB of disk.

Needs: pip install torch transformers onnx onnxruntime tokenizers sentencepiece
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/models"), str(ROOT / "scripts")]

PIECES = 250_002
MOST_TOKENS = 8192


def wide_tokenizer(source: Path) -> dict:
    """The tokenizer of bge-tiny with as many pieces as BGE-M3 has; the last one is <mask> there too."""
    tokenizer = json.loads(source.read_text("utf-8"))
    *pieces, mask = tokenizer["model"]["vocab"]
    # From the private use area, with a score that no segmentation would choose.
    unused = [[f"\ue000{number}", -1000.0] for number in range(PIECES - len(pieces) - 1)]
    tokenizer["model"]["vocab"] = [*pieces, *unused, mask]
    for added in tokenizer["added_tokens"]:
        if added["content"] == "<mask>":
            added["id"] = PIECES - 1
    return tokenizer


def make_fp32(folder: Path) -> None:
    import onnx
    import torch
    from make_fixture import Bge, tidy, trace, write_config
    from transformers import XLMRobertaConfig

    config = XLMRobertaConfig(
        vocab_size=PIECES, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096,
        max_position_embeddings=MOST_TOKENS + 2, type_vocab_size=1, layer_norm_eps=1e-5, bos_token_id=0,
        pad_token_id=1, eos_token_id=2, architectures=["XLMRobertaModel"],
    )
    write_config(folder / "config.json", config)
    config._attn_implementation = "eager"
    torch.manual_seed(0)
    model = Bge(config)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        # Too large for one file: the exporter writes every weight into one of its own.
        traced = Path(scratch, "model.onnx")
        trace(model, ["input_ids", "attention_mask"], Bge.outputs, traced)
        del model
        whole = tidy(onnx.load(str(traced)), tiny_names=False)
    onnx.save_model(whole, str(folder / "model.onnx"), save_as_external_data=True, location="model.onnx_data")
    (folder / "model.onnx_data").chmod(0o644)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  python3 make_bge_full.py ~/models/bge-m3-random",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="outside of any repository")
    folder = parser.parse_args().folder
    for parent in [folder.absolute(), *folder.absolute().parents]:
        if (parent / ".git").exists():
            parser.error(f"`{parent}` is a repository, and these files are large")
    fp32, int8 = folder / "fp32", folder / "int8"
    for target in (fp32, int8):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        tokenizer = wide_tokenizer(ROOT / "tests/models/bge-tiny/tokenizer.json")
        (target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")
    make_fp32(fp32)
    shutil.copy(fp32 / "config.json", int8)

    from quantize import quantize

    quantize(fp32 / "model.onnx", int8 / "model_int8.onnx", gather=True)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:>12}  {path.relative_to(folder)}")


if __name__ == "__main__":
    main()
