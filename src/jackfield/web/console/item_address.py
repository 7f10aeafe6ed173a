"""Where the pages of items are."""

from typing import Final
from urllib.parse import quote

from jackfield.domain.item import ItemType

PATH: Final = "/console/items"


def address_of(item_type: ItemType, key: str) -> str:
    """The item's page."""
    return f"{PATH}/{item_type.value}/{quote(key, safe='')}"
