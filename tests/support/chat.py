"""Items as strange as they come, for what chat vendors are sent."""

from typing import Any

from hypothesis import strategies as st

from jackfield.domain.item import Item, ItemStatus, ItemType

MARKER = "0123456789abcdef0123456789abcdef"
_text = st.text(st.sampled_from(list("ab \n*_~`<>&|[]()!#-1.>\\:/@漢")) | st.characters(codec="utf-8"), max_size=300)
#: long ones are one text many times, as hypothesis makes none of that length
_body = st.builds(lambda text, times: text * times, _text, st.sampled_from([1, 1, 1, 3, 200]))


def item(**members: Any) -> Item:
    return Item(
        **{
            "type": ItemType.WORK_ITEM,
            "key": "WI-7",
            "title": "Brake pads worn",
            "url": "https://product.example.com/work-items/7",
            **members,
        }
    )


items = st.builds(
    Item,
    type=st.just(ItemType.WORK_ITEM),
    key=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=80),
    title=_text,
    body=_body,
    url=st.sampled_from([None, "https://product.example.com/work-items/7", "javascript:alert(1)"]),
    status=st.sampled_from(ItemStatus),
    priority=st.none() | _text,
    assignee=st.none() | _text,
    labels=st.lists(_text, max_size=40).map(tuple),
    fields=st.dictionaries(_text, _text, max_size=40),
)
