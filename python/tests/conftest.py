"""A small repository, indexed."""

from __future__ import annotations

from pathlib import Path

import pytest

import cogo

FILES = {
    "shop/tax.py": 'RATE = 0.2\n\n\ndef apply_tax(amount):\n    """Adds the tax."""\n    return amount * (1 + RATE)\n',
    "shop/basket.py": (
        "from shop.tax import apply_tax\n\n\n"
        "class Basket:\n"
        '    """Goods that somebody wants to buy."""\n\n'
        "    def __init__(self):\n        self.prices = []\n\n"
        "    def total(self):\n"
        '        """The sum of all prices, with tax. Not rounded."""\n'
        "        return apply_tax(sum(self.prices))\n"
    ),
    "shop/page.py": 'def render():\n    return "<b>basket</b> & co <script>alert(1)</script>"\n',
    "tests/test_basket.py": (
        "from shop.basket import Basket\n\n\ndef test_total():\n    basket = Basket()\n    assert basket.total() == 0\n"
    ),
    "README.md": "# Shop\n\nA `Basket` knows its total.\n",
}


def write(root: Path) -> Path:
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(autouse=True)
def settings_of_nobody(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's settings and models do not take part."""
    home = str(tmp_path_factory.mktemp("home"))
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"]:
        monkeypatch.setenv(name, home)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture
def index(repository: Path) -> cogo.Index:
    return cogo.Index.build(repository)
