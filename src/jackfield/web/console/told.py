"""What the console says once something is done."""

from collections.abc import Mapping
from typing import Final

import msgspec


class Done(msgspec.Struct, frozen=True):
    """`text` may tell of a `{count}`. `undo` is the last part of the address of the deed that takes it back."""

    text: str
    undo: str = ""


#: by the name in the address of the page that says it
TOLD: Final[Mapping[str, Done]] = {
    "created": Done("It is saved. Its credential is being verified."),
    "saved": Done("Saved."),
    "saved-verifying": Done("Saved. The vendor is being asked whether it takes this."),
    "verifying": Done("The vendor is being asked. This page shows the answer as soon as it is here."),
    "refreshing": Done("Newer tokens are being asked for."),
    "synchronising": Done("What is at the vendor is being compared with your items."),
    "paused": Done("It is paused: nothing goes to its vendor until you resume it.", undo="enable"),
    "resumed": Done("It is at work again.", undo="disable"),
    "retried": Done("Let go: {count}. What becomes of it is shown here."),
    "nothing-held": Done("Nothing was held, so there was nothing to let go."),
    "deleting": Done("It is being deleted, and its credential ended at the vendor."),
    "item-saved": Done("The item is saved, and is on its way to each integration of its type."),
    "item-deleted": Done("The item is deleted, and is closed wherever it was brought to."),
    "job-retried": Done("The job runs again now."),
    "key-revoked": Done("The key is revoked. It is refused everywhere from now on."),
    "session-ended": Done("The session is ended."),
    "approved": Done("It is approved: every organisation can install it."),
    "archived": Done("It is archived: it stays where it is installed, and nobody can install it any more."),
}
