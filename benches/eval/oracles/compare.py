"""Compares edges with the calls that a compiler found.

    cargo run --release --example edges -- CHECKOUT > edges.tsv
    python3 compare.py calls.jsonl edges.tsv [--misses 20]

An edge is right if one of its targets is the definition of the row or a declaration of it. A
proven edge of a call whose target lies outside, or elsewhere, is wrong.
"""

import argparse
import collections
import json


def edges(path):
    found = {}
    with open(path) as lines:
        for line in lines:
            file, offset, kind, tier, name, targets = line.rstrip("\n").split("\t")
            if kind == "call":
                found[(file, int(offset))] = (tier, name, set(targets.split()))
    return found


def outcome(row, edge):
    definitions = {f"{file}:{line}" for file, line in row["defs"]}
    places = definitions | {f"{file}:{line}" for file, line in row["decls"]}
    if edge is None:
        return "no site"
    tier, _, targets = edge
    if tier == "Proven":
        if places and not definitions and not places & targets:
            return "undetermined"  # its definition was not among the files that were compiled
        return "proven" if places & targets else "wrong"
    if tier == "Possible":
        return "possible" if places & targets else "possible, other"
    return tier.lower()


def main():
    parser = argparse.ArgumentParser(description="Edges against the calls that a compiler found.")
    parser.add_argument("calls")
    parser.add_argument("edges")
    parser.add_argument("--misses", type=int, default=0, help="print so many that are wrong")
    options = parser.parse_args()
    found, counts, wrong = edges(options.edges), collections.defaultdict(collections.Counter), []
    with open(options.calls) as lines:
        for row in map(json.loads, lines):
            edge = found.get((row["file"], row["offset"]))
            if edge and edge[1] != row["name"]:
                continue
            result = outcome(row, edge)
            is_inside = bool(row["defs"] or row["decls"])
            counts[row["kind"] if is_inside else "outside"][result] += 1
            if result == "wrong":
                wrong.append((row["file"], row["offset"], row["name"], sorted(edge[2])))
    for kind, of_kind in sorted(counts.items()):
        print(kind, dict(of_kind))
    own = counts["function"] + counts["macro"]
    total, proven = sum(own.values()), own["proven"]
    mistakes = sum(of_kind["wrong"] for of_kind in counts.values())
    print(
        f"{total} calls: precision {proven / max(1, proven + mistakes):.3f} ({mistakes} wrong), "
        f"recall proven {proven / max(1, total):.3f}, with possible {(proven + own['possible']) / max(1, total):.3f}"
    )
    for miss in wrong[: options.misses]:
        print("  ", *miss)


main()
