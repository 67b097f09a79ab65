"""Tills. Ümläute und 😀 stehen vor Namen."""

from shop import Gift, load as fetch


def total(names: list[str]):
    items = [fetch(name) for name in names]
    for item in items: "😀"; item.price()
    present = Gift()
    ring = present.price
    return ring()
