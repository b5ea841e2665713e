"""Which line of the table of states each endpoint and tool belongs to. One that stands nowhere fails by name."""

(
    EVERYBODY,
    OWN,
    ANSWERING,
    ORGANIZATIONS,
    DASHBOARD,
    OPERATORS,
    API,
    TOOLS,
    REDEEMING,
    REFRESHING,
    INTROSPECTION,
    ITSELF,
) = (
    "pages for everybody, and those of signing in",
    "the person's own pages",
    "answering an app that asks",
    "which organizations one belongs to",
    "the dashboard of an organization",
    "the operator's pages, for an operator",
    "the resource API, with a token",
    "tools of the memory server, with a token",
    "redeeming a code",
    "refreshing a token",
    "introspection of a token",
    "what an app does for itself",
)

#: Line -> its endpoints, by the blueprint that they are of.
_LINES: dict[str, dict[str, str]] = {
    EVERYBODY: {
        "": "static",
        "health": "healthz readyz",
        "signposts": "change_password docs log_in login org show_favicon show_robots sign_in sign_out sign_up signin signup",
        "directory": "list_apps",
        "guide": "show_page",
        "security_txt": "security_txt",
        "assistants": "llms_txt markdown",
        "accounts": (
            "confirm follow_reset_link forgotten_password home password_link_asked second_step second_by_passkey send_letter_again"
            " set_new_password show_letter sign_in sign_in_with_passkey sign_out sign_up sign_up_by_letter"
        ),
        "addresses": "ask_to_take_back take_back",
        "leaving": "ask_to_come_back keep_account",
        "pocket": "after_note callback connect forget keep_note show",
        "mailbox": "list_letters show_html show_letter",
        "oauth": "authorize cancel_before_sign_in show_logo",
        "documented": "authorize",
        "aliases": "authorize",
        "device": "enter_code show_end",
    },
    OWN: {
        "personal": (
            "activity after_not_me apply_mementos apps ask_about_deletion ask_to_confirm_email ask_to_delete"
            " ask_to_delete_memory ask_to_end ask_to_pause_all ask_to_undo ask_to_undo_since bring change_end"
            " change_kept choose_mementos choose_never_shared choose_time_zone confirm_email confirm_import"
            " confirm_own_address count_memories delete_account delete_for_good delete_memory_for_good"
            " discard_import drop_passkey duplicate edit_memento edit_memory email end end_other_sessions"
            " end_session end_session_of_stranger export_csv export_history_csv export_history_json export_json"
            " forget_asked_app forget_email found_memories history keep keep_looked_at look_back"
            " make_found_memento make_memento make_new_recovery_codes mementos memories name_session_place"
            " never_share never_shared new_passkey notices overview password pause pause_all preview_choice prune"
            " receive rename_app resume review_mementos save_memento save_memory save_new_memento save_note"
            " see_all_notices see_one_notice send_confirmation sessions set_memory_for_all set_memory_for_one"
            " set_up_one_time_codes settings share_again show_activity show_app show_ended show_export show_import"
            " show_memento show_memory show_passkey show_skips show_take_out sign_in_settings sign_out_everywhere"
            " start_one_time_codes take_account_along take_everything_out time_zone turn_off_one_time_codes"
            " undo_one undo_since was_not_me write_note written"
        ),
    },
    ANSWERING: {
        "oauth": "choose_account choose_mementos continue_authorization decide record_decision save_mementos"
        " show_account switch_account wait",
        "device": "find_device",
    },
    ORGANIZATIONS: {"org": "join show_organizations switch return_to_playground"},
    OPERATORS: {
        "operator": "disable drop enable list_apps list_mail list_people overview resume_app send_letter suspend_app",
    },
    DASHBOARD: {
        "org": (
            "activate add_client_resource add_scopes add_secret change_logo delete delete_whole_organization"
            " demand_second_factor edit_settings end_secret export_audit_csv export_audit_json_lines finish_playground give_role"
            " invite_member leave let_secret_pass list_clients prove_client_resource register register_address remove"
            " remove_client_resource resume retire_secret rotate_all rotate_secrets send_invitation"
            " show_audit_log show_credentials show_danger show_members show_people"
            " show_playground show_requests show_resources start_playground suspend withdraw_invitation"
        ),
    },
    API: {
        "api": (
            "get_agentic_search get_discussion_contents get_document_contents get_documents get_integration"
            " get_integrations get_memento get_mementos get_memories get_memory get_subscribed_knowledge me"
            " memorize_document patch_integration patch_memory post_agentic_search post_integration post_memento"
            " post_memento_documents post_memories post_memory remove_integration remove_memento"
            " remove_memento_documents remove_memory search_documents"
        ),
    },
    REDEEMING: {"oauth": "token", "documented": "token", "aliases": "token"},
    INTROSPECTION: {"oauth": "introspect"},
    ITSELF: {
        "oauth": "change_registration device_authorization end_registration push_request read_registration register revoke",
        "aliases": "register",
        "metadata": "api_metadata authorization_server_metadata mcp_metadata protected_resource_metadata",
        "api": "openapi",
    },
    TOOLS: {"mcp": "mcp"},
}
#: The tools that there are.
TOOL_NAMES = "forget_memory get_memory list_mementos save_memory search_memories update_memory"

#: Endpoint -> line.
LINES = {
    f"{blueprint}.{name}".removeprefix("."): line
    for line, blueprints in _LINES.items()
    for blueprint, names in blueprints.items()
    for name in names.split()
}
