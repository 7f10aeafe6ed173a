"""What a form's fields say of themselves, apart from what its author wrote: English, unless a page has other words."""

import msgspec


class FieldWords(msgspec.Struct, frozen=True, kw_only=True):
    """`language` is what all of it is in; a field's title and help are in English, whatever the page is in.

    `keep` has a place for `{mask}`, `malformed_like` one for `{example}`.
    """

    language: str = "en"
    optional: str = "optional"
    choose_one: str = "Choose one"
    none: str = "None"
    again: str = "What you typed is not shown again: fill it in anew."
    more_settings: str = "More settings"
    way: str = "How do you want to connect?"
    keep: str = "Stored: {mask} Leave this empty to keep it."
    #: what is wrong
    required: str = "Please fill this in."
    malformed: str = "This is not a valid value."
    malformed_like: str = "This is not a valid value. Example: {example}"
    too_long: str = "This is too long."
    no_choice: str = "This is none of the choices."
    no_integer: str = "This has to be a whole number, such as 12."
    masked: str = "This is only the beginning of what is stored. Fill it in whole, or leave it empty."
    sent_again: str = "What you changed sends this to another address: fill it in anew."


ENGLISH = FieldWords()
