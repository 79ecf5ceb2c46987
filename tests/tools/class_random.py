"""Random files of every class of transformers, held against what the real models do.

    python -m tests.tools.class_random [COUNT] [--seed N]      (needs the extra "transformers")

A file is a class's small default with one to three of the sweep's changes, and up to two keys of
its rope, heads or windows null, a float, or away. Prints each difference without a decision. A
file depends on the seed and its number alone.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from random import Random
from typing import Any

from tests.tools import class_probe
from tests.tools.class_files import Document, edits
from tests.tools.class_replay import decision, difference, said
from tests.tools.class_sweep import context_of, default, head_of, model_types
from tests.tools.transformers_classes import TABLE

LOOKED_AT = re.compile(r"rope|rotary|theta|^head_dim|^sliding|^layer_types|^max_position")


def random_file(random: Random, document: Document, head: int) -> Document:
    """A file of a class, from its small default."""
    changes = list(edits(document, context_of(document), head))
    for _, edit in random.sample(changes, random.randint(1, 3)):
        document = edit(json.loads(json.dumps(document))) or document
    for _ in range(random.randint(0, 2)):
        objects = [one for one in _objects(document) if one]
        place = random.choice(objects)
        keys = [key for key in place if place is not document or LOOKED_AT.search(key)]
        if keys:
            _mutate(random, place, random.choice(keys))
    return document


def _objects(document: Document) -> list[Document]:
    """The file, its rope objects, and those by kind in them."""
    found = [document]
    for one in found:  # grows as it goes
        found += [value for key, value in one.items() if "rope" in key and isinstance(value, dict)]
        if one is not document:
            found += [value for value in one.values() if isinstance(value, dict)]
    return found


def _mutate(random: Random, place: Document, key: str) -> None:
    value = place.pop(key)
    other = random.choice(["away", None, "float"])
    if other == "float":
        place[key] = float(value) if type(value) is int else value
    elif other != "away":
        place[key] = other


def answers(name: str, head: int, random: Random) -> tuple[Document, str]:
    """A file, and in what the two answers about it differ."""
    document = random_file(random, default(name), head)
    length = context_of(document)
    real: dict[str, Any] = class_probe.answer(document, length)
    return document, difference(said(document, length), real)


def main() -> None:
    """As the head of this file has it."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.class_random", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    known = json.loads(TABLE.read_text(encoding="utf-8"))["classes"]
    names = [name for name in model_types() if name in known and known[name].get("run", True)]
    heads, found = dict[str, int](), Counter[str]()
    for number in range(asked.count):
        random = Random(f"{asked.seed} {number}")
        name = random.choice(names)
        if name not in heads:
            whole = default(name)
            heads[name] = head_of(class_probe.answer(whole, context_of(whole)))
        document, text = answers(name, heads[name], random)
        reason = decision(name, "", text) if text else None
        found["equal" if not text else "decided" if reason else "different"] += 1
        if text and not reason:
            print(f"{number} {name}: {text}\n  {json.dumps(document)}")
    print(f"random files: {asked.count}, seed {asked.seed}: {dict(found)}")


if __name__ == "__main__":
    main()
