"""Lengths as vendors count them. Programs in Java and JavaScript count UTF-16 units: an emoji has two or more."""

from jackfield.providers._markdown import cut


def utf16_length(text: str) -> int:
    """Count the UTF-16 units of a text; a lone surrogate is one."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_utf16(text: str, limit: int) -> str:
    """Cut a text to at most so many UTF-16 units, as `cut` does to characters, and never within a character."""
    if utf16_length(text) <= limit:
        return text
    # each character beyond the first 65,536 counts twice, so at least half as many characters fit
    fewest, most = limit // 2, limit
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if utf16_length(cut(text, middle)) <= limit:
            fewest = middle
        else:
            most = middle - 1
    return cut(text, fewest)


def first_utf16(text: str, limit: int) -> str:
    """Keep the first characters of a name, at most so many UTF-16 units of it, without a sign that it was cut."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")
