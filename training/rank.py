#!/usr/bin/env python3
"""Fits the weights that rank files, and says how much they can be trusted.

    cogo-eval code-search --data DATA --checkouts CHECKOUTS --features features.jsonl
    python training/rank.py features.jsonl                  compares and prints, changes nothing
    python training/rank.py features.jsonl --write          puts the fitted weights into rag-core/src/hybrid/weights.json

The score of a file is a weighted sum of its features. The fit is listwise: each file that answers a question competes with all that do
not, in a softmax over scores (Cao et al. 2007), with a quadratic penalty. A weight cannot change its sign: what speaks for a file can
never speak against it because of a few questions. Features that never occur in the data keep their weight.

Numbers are NDCG@10, mean over repositories. *Unseen* comes from weights that were fitted on other repositories (eight folds of
repositories); only these tell what to expect elsewhere. Weights in the file that were once fitted on the same data have no such number.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

WEIGHTS = Path(__file__).resolve().parent.parent / "rag-core/src/hybrid/weights.json"
FOLDS = 8
# What is taken away to see whether the rest still ranks.
GROUPS = {
    "vectors": ["embedding_share", "embedding_gap", "head"],
    "text": ["text", "text_share", "definitions"],
    "path": ["path_coverage", "stem_matched"],
    "roles": ["test", "example", "superseded", "depth"],
    "mentions": ["mentions"],
}


class Questions:
    """Questions with the features of their candidates: arrays of shape (candidates, features)."""

    def __init__(self, path, names):
        self.names = names
        self.repositories, self.features, self.answers, self.targets = [], [], [], []
        place = {name: index for index, name in enumerate(names)}
        for line in Path(path).read_text().splitlines():
            question = json.loads(line)
            rows = np.zeros((len(question["candidates"]), len(names)))
            for row, candidate in zip(rows, question["candidates"]):
                for name, value in candidate["values"].items():
                    row[place[name]] = value
            self.repositories.append(question["repo"])
            self.features.append(rows)
            self.answers.append(np.array([candidate["hit"] for candidate in question["candidates"]], dtype=bool))
            self.targets.append(question["targets"])

    def used(self):
        """Which features ever differ from zero."""
        return np.any([np.any(rows != 0, axis=0) for rows in self.features], axis=0)


def ndcg(weights, rows, answers, targets):
    first = np.argsort(-(rows @ weights), kind="stable")[:10]
    gains = sum(1 / np.log2(rank + 2) for rank, file in enumerate(first) if answers[file])
    return min(gains / sum(1 / np.log2(rank + 2) for rank in range(min(targets, 10))), 1.0)


def by_repository(weights, questions, only=None):
    """NDCG@10 of each repository."""
    found = {}
    for repository, rows, answers, targets in zip(questions.repositories, questions.features, questions.answers, questions.targets):
        if only is None or repository in only:
            found.setdefault(repository, []).append(ndcg(weights, rows, answers, targets))
    return {repository: float(np.mean(values)) for repository, values in found.items()}


def mean(values):
    return float(np.mean(list(values.values())))


def fit(questions, start, penalty, leave_out=frozenset(), without=()):
    """Weights for all repositories but `leave_out`; features in `without` get none."""
    lists = [
        (rows, answers)
        for repository, rows, answers in zip(questions.repositories, questions.features, questions.answers)
        if repository not in leave_out and answers.any() and not answers.all()
    ]

    def loss(weights):
        total, gradient = 0.0, np.zeros_like(weights)
        for rows, answers in lists:
            scores = rows @ weights
            likely = np.exp(scores - scores.max())
            others = likely[~answers].sum()
            for file in np.flatnonzero(answers):
                share = others + likely[file]
                total -= np.log(likely[file] / share) / answers.sum()
                part = np.where(answers, 0.0, likely) / share
                part[file] = likely[file] / share - 1
                gradient += rows.T @ part / answers.sum()
        count = len(lists)
        return total / count + penalty * weights @ weights, gradient / count + 2 * penalty * weights

    used = questions.used()
    bounds = [
        (0, 0) if name in without or not seen else (0, None) if sign > 0 else (None, 0) if sign < 0 else (None, None)
        for name, sign, seen in zip(questions.names, np.sign(start), used)
    ]
    return minimize(loss, np.zeros(len(start)), jac=True, method="L-BFGS-B", bounds=bounds).x


def unseen(questions, start, penalty, without=()):
    """NDCG@10 of each repository, with weights that were fitted on others."""
    repositories = sorted(set(questions.repositories))
    np.random.default_rng(0).shuffle(repositories)
    found = {}
    for fold in range(FOLDS):
        held = set(repositories[fold::FOLDS])
        found |= by_repository(fit(questions, start, penalty, held, without), questions, held)
    return found


def interval(differences, draws=2000):
    """Mean difference, and where 95 % of resamples of repositories lie."""
    random = np.random.default_rng(0)
    values = np.array(differences)
    means = np.sort(random.choice(values, (draws, len(values))).mean(axis=1))
    return values.mean(), means[int(draws * 0.025)], means[int(draws * 0.975)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features", help="what `cogo-eval code-search --features` wrote")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="the file to compare with, and to write")
    parser.add_argument("--penalty", type=float, default=0.0002, help="of squared weights")
    parser.add_argument("--write", action="store_true", help="put the fitted weights into the file")
    arguments = parser.parse_args()

    kept = json.loads(arguments.weights.read_text())
    names = list(kept["files"])
    start = np.array([kept["files"][name] for name in names])
    questions = Questions(arguments.features, names)

    fitted = fit(questions, start, arguments.penalty)
    fitted = np.where(questions.used(), fitted, start)
    print(f"{len(questions.features)} questions, {len(set(questions.repositories))} repositories\n")
    print(f"{'feature':<18} {'in the file':>11} {'fitted':>8}")
    for name, old, new in zip(names, start, fitted):
        print(f"{name:<18} {old:>11.2f} {new:>8.2f}")

    now, then, elsewhere = by_repository(start, questions), by_repository(fitted, questions), unseen(questions, start, arguments.penalty)
    print(f"\n{'weights in the file':<34} {mean(now):.4f}")
    print(f"{'fitted, on the same questions':<34} {mean(then):.4f}")
    print(f"{'fitted, unseen repositories':<34} {mean(elsewhere):.4f}")
    difference = interval([then[name] - now[name] for name in now])
    print("fitted minus file, same questions   %+.4f [%+.4f, %+.4f]" % difference)
    print("\nwithout a group of features: weights as they are, and fitted again (unseen repositories)")
    for group, members in GROUPS.items():
        absent = np.array([0.0 if name in members else weight for name, weight in zip(names, fitted)])
        again = mean(unseen(questions, start, arguments.penalty, members))
        print(f"  {group:<16} {mean(by_repository(absent, questions)):.4f} {again:.4f}")

    if arguments.write:
        kept["files"] = {name: round(float(weight), 2) for name, weight in zip(names, fitted)}
        arguments.weights.write_text(json.dumps(kept, indent=2) + "\n")
        print(f"\nwritten to {arguments.weights}")


if __name__ == "__main__":
    main()
