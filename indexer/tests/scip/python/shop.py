"""A shop, for an index by scip-python."""

import json


class Item:
    def price(self) -> int:
        return 1


class Gift(Item):
    def price(self) -> int:
        return 0


def load(text: str) -> Item:
    json.loads(text)
    return Item()
