"""What Slack calls its errors: https://docs.slack.dev/reference/methods has a table for each method.

Every name that is documented for a method we call stands here. Those of the OAuth methods are in the provider's flow.
"""

from collections.abc import Iterator
from typing import Final

from jackfield.domain.provider import KnownError, Meaning

_METHODS: Final = "https://docs.slack.dev/reference/methods/"
POST: Final = _METHODS + "chat.postMessage"
UPDATE: Final = _METHODS + "chat.update"
AUTH: Final = _METHODS + "auth.test"
INFO: Final = _METHODS + "conversations.info"
HISTORY: Final = _METHODS + "conversations.history"


_MAY_NOT_POST: Final = (
    "restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel "
    "posting_to_general_channel_denied slack_connect_canvas_sharing_blocked"
)


def _named(
    names: str, meaning: Meaning, words: str, source: str, field: str | None = None, right: str | None = None
) -> Iterator[KnownError]:
    for name in names.split():
        yield KnownError(name=name, meaning=meaning, words=words, field=field, right=right, source=source)


def _credential() -> Iterator[KnownError]:
    meaning = Meaning.CREDENTIAL
    yield from _named(
        "invalid_auth",
        meaning,
        "Slack refuses the token: it is wrong or revoked, or the workspace does not allow this server's IP address",
        AUTH,
    )
    yield from _named("not_authed", meaning, "Slack wants a token, and got none: enter it again", AUTH)
    yield from _named(
        "account_inactive token_revoked",
        meaning,
        "Slack refuses the token: it was revoked, or its account, workspace or app is gone. Connect Slack again",
        AUTH,
    )
    yield from _named("token_expired", meaning, "Slack refuses the token: it has expired. Connect Slack again", AUTH)
    yield from _named(
        "not_allowed_token_type not_bearer_token",
        meaning,
        "Slack does not take this type of token here: enter the Bot User OAuth Token, which starts with xoxb-",
        AUTH,
    )
    yield from _named(
        "access_denied team_access_not_granted",
        meaning,
        "Slack does not let this token into the workspace: install the app there, and connect again",
        AUTH,
    )
    yield from _named(
        "two_factor_setup_required",
        meaning,
        "Slack wants the token's owner to set up two-factor authentication first",
        AUTH,
    )


def _configuration() -> Iterator[KnownError]:
    meaning = Meaning.CONFIGURATION
    yield from _named(
        "accesslimited",
        meaning,
        "Slack allows only certain networks: ask an admin of the workspace to allow this server's IP address",
        POST,
    )
    yield from _named(
        "ekm_access_denied",
        meaning,
        "Slack says that the workspace's admins have suspended posting: ask them to allow it again",
        POST,
    )
    yield from _named(
        "enterprise_is_restricted",
        meaning,
        "Slack does not let apps of the whole enterprise do this: install the app in the workspace",
        POST,
    )
    channel = (
        ("channel_not_found", "Slack does not know the channel, or the app is not in it", POST),
        ("not_in_channel", "Slack has not let the app into the channel: invite it there", POST),
        ("is_archived", "Slack has archived the channel: unarchive it, or choose another", POST),
        ("is_inactive", "Slack has the channel frozen, archived or deleted: choose another", UPDATE),
        (
            _MAY_NOT_POST,
            "Slack does not let the app post in the channel: ask an admin to allow it, or choose another channel",
            POST,
        ),
        (
            "messages_tab_disabled",
            "Slack has direct messages to the app turned off: turn them on in App Home, or choose a channel",
            POST,
        ),
        ("team_not_found", "Slack does not find the channel's workspace: choose another channel", POST),
        (
            "method_not_supported_for_channel_type channel_type_not_supported",
            "Slack has no messages of apps in this type of channel: choose another",
            INFO,
        ),
    )
    for names, words, source in channel:
        yield from _named(names, meaning, words, source, field="channel")


def _item() -> Iterator[KnownError]:
    yield from _named(
        "msg_too_long msg_blocks_too_long no_text invalid_blocks invalid_blocks_format block_mismatch "
        "metadata_too_large invalid_metadata_format invalid_metadata_schema too_many_attachments "
        "attachment_payload_limit_exceeded invalid_attachments",
        Meaning.ITEM,
        "Slack does not take the message that is made of this item",
        POST,
    )
    yield from _named(
        "slack_connect_file_link_sharing_blocked slack_connect_lists_sharing_blocked "
        "slack_connect_clip_sharing_blocked slack_connect_blocked_file_type",
        Meaning.ITEM,
        "Slack does not let links to its files into a channel shared with others: take them out of this item",
        POST,
    )
    yield from _named(
        "message_not_found cant_update_message edit_window_closed",
        Meaning.GONE,
        "Slack does not have the message any more, or does not let it be changed",
        UPDATE,
    )


def _waiting() -> Iterator[KnownError]:
    yield from _named("ratelimited rate_limited message_limit_exceeded", Meaning.LIMIT, "Slack limits our calls", POST)
    yield from _named(
        "fatal_error internal_error service_unavailable request_timeout update_failed",
        Meaning.PASSING,
        "Slack answered with an error of its own",
        POST,
    )
    yield from _named(
        "org_login_required team_added_to_org external_channel_migrating",
        Meaning.PASSING,
        "Slack is moving the workspace or the channel, and takes messages again after that",
        POST,
    )
    yield from _named(
        "streaming_state_conflict",
        Meaning.PASSING,
        "Slack has the message being written by somebody else at this moment",
        UPDATE,
    )


def _ours() -> Iterator[KnownError]:
    words = "Slack says that our call is malformed: report this as an error of Jackfield"
    yield from _named(
        "invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type "
        "missing_post_type invalid_json json_not_object deprecated_endpoint method_deprecated unknown_method "
        "as_user_not_supported metadata_must_be_sent_from_app markdown_text_conflict cannot_reply_to_message "
        "restricted_action_non_threadable_channel duplicate_channel_not_found duplicate_message_not_found "
        "too_many_contact_cards missing_file_data",
        Meaning.OURS,
        words,
        POST,
    )
    yield from _named("cant_broadcast_message no_dual_broadcast_content_update", Meaning.OURS, words, UPDATE)
    yield from _named(
        "invalid_cursor invalid_limit invalid_ts_latest invalid_ts_oldest invalid_metadata_filter_keys "
        "pagination_not_available",
        Meaning.OURS,
        words,
        HISTORY,
    )


ERRORS: Final = (
    *_credential(),
    *_named("missing_scope no_permission", Meaning.RIGHT, "Slack takes the token, but it lacks a right", POST),
    *_configuration(),
    *_item(),
    *_waiting(),
    *_ours(),
)
