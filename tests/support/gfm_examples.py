"""Texts for what GitHub's Markdown has beyond CommonMark: tables, task lists, strikethrough and bare addresses.

Its specification (https://github.github.com/gfm/) has some two dozen examples under a licence that is not ours, so
these are our own: each kind of its examples, in combination with what may stand inside.
"""

from typing import Final

_CELLS: Final = (
    "plain words",
    "*stressed*",
    "**strong**",
    "~~gone~~",
    "`code`",
    r"a \| b",
    r"`a \| b`",
    "[a link](https://example.com/a?b=c&d=e)",
    "https://example.com/x_(y)",
    "www.example.com/a_b",
    "me@example.com",
    "",
    r"\*no stars\*",
    "**`both`**",
)
_DELIMITERS: Final = ("---|---", ":--|--:", ":-:|-", "|---|---|", "| :-: | :-: |")

_TABLES: Final = (
    *(f"| a | b |\n{line}\n| {cell} | 2 |" for line, cell in zip(_DELIMITERS * 3, _CELLS, strict=False)),
    *(f"a | {cell}\n---|---\n1 | 2" for cell in _CELLS if cell),
    "| a | b |\n|---|---|",
    "| a | b |\n|---|---|\n| 1 |",
    "| a | b |\n|---|---|\n| 1 | 2 | 3 | 4 |",
    "| a | b |\n|---|---|\n| 1 | 2 |\n> a quote follows",
    "| a | b |\n|---|---|\n| 1 | 2 |\nwords without a stroke",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\nA paragraph.",
    "| a | b |\n|---|\n| not a table |",
    "words before\n| a | b |\n|---|---|\n| 1 | 2 |",
    "> | a | b |\n> |---|---|\n> | 1 | 2 |",
    "- in a list\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |",
    "| a |\n|---|\n| 1 |",
    "|a|b|\n|-|-|\n|1|2|\n|3|4|\n|5|6|",
    "# Heading\n| a | b |\n|---|---|\n| 1 | 2 |\n# Another",
    "| `a` | b |\n|---|---|\n| 1 | 2 |\n```\ncode\n```",
)
_MARKS: Final = ("[ ]", "[x]", "[X]")
_TASKS: Final = (
    *(f"{bullet} {mark} to do" for bullet in ("-", "*", "+", "1.", "7)") for mark in _MARKS),
    *(f"- {mark} {cell}" for mark, cell in zip(_MARKS * 5, _CELLS, strict=False) if cell),
    "- [x] one\n  - [ ] two\n  - [x] three\n- [ ] four",
    "- [ ] one\n- words\n- [x] three",
    "1. [ ] one\n2. [x] two\n   continued",
    "- [x]without a blank",
    "- [] without room",
    "- [y] another letter",
    "[x] no list",
    "- words [x] later",
    "> - [ ] in a quote",
    "- [ ] first\n\n  second paragraph",
)
_STRUCK: Final = (
    "~~two~~",
    "~one~",
    "~~~three~~~ in words",
    "a ~~~three~~~ b",
    "~~over\ntwo lines~~",
    "~~over\n\ntwo paragraphs~~",
    "~~not ended",
    "not begun~~",
    "~~ blanks ~~",
    "a~~b~~c",
    "~~*both*~~",
    "*~~both~~*",
    "**a ~~b~~ c**",
    "~~a **b** c~~",
    "~~`code`~~",
    "~~[a](https://example.com)~~",
    "# ~~heading~~",
    "| ~~a~~ |\n|---|\n| ~~b~~ |",
    "- ~~a~~\n- ~~b~~ c",
    r"\~~not struck~~",
)
_BEFORE: Final = ("", "see ", "(", "*", "~~")
_AFTER: Final = {"": "", "see ": " there", "(": ")", "*": "*", "~~": "~~"}
_ADDRESSES: Final = (
    "www.example.com",
    "www.example.com/help?a=b&c=d",
    "http://example.com",
    "https://example.com/a_b_c",
    "https://example.com/x(y)z",
    "https://example.com:8443/~me/#part",
    "https://example.com/%C3%A9",
    "https://sub_domain.example.com/a",
    "me@example.com",
    "first.last+tag@mail.example.com",
)
_ENDS: Final = (".", ",", "!", "?", ":", ";", "...", "'", '"', ")", "))", "*", "_", "&copy;", "&nothing;", "/", "/.")
_BARE: Final = (
    *(f"{before}{address}{_AFTER[before]}" for address in _ADDRESSES for before in _BEFORE),
    *(f"https://example.com/a(b{end}" for end in _ENDS),
    # what an entity stands for is a letter of an address that has no scheme
    *(f"www.example.com/a{end}" for end in _ENDS if end != "&copy;"),
    "www.example.com/search?q=(business))+ok",
    "((www.example.com/a_(b)))",
    "a@b",
    "a.b-c_d@a.b.example.com",
    "me@example.com-",
    "me@example.com_",
    "`https://example.com`",
    "[www.example.com](https://example.com/other)",
    "[a www.example.com b](https://example.com/other)",
    "https://example.com/a<br",
    "> www.example.com\n\n- https://example.com",
    "http://",
    "https://.",
    "www.",
    "wwww.example.com",
    "xhttps://example.com",
)

EXAMPLES: Final = (*_TABLES, *_TASKS, *_STRUCK, *_BARE)
