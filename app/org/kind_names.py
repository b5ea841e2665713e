"""What an event of the audit log is called where a person chooses which to see."""

from app.sentences import _

#: kind -> its name. ``app.org.audit_log.KINDS`` has the sentence of each.
KIND_NAMES = {
    "organization.created": _("Organization: created"),
    "organization.deleted": _("Organization: deleted"),
    "organization.second_factor_demanded": _("Organization: second step demanded"),
    "organization.second_factor_not_demanded": _("Organization: second step no longer demanded"),
    "member.added": _("Member: added"),
    "member.invited": _("Member: invited"),
    "member.joined": _("Member: joined"),
    "member.role_changed": _("Member: role changed"),
    "member.removed": _("Member: removed"),
    "member.left": _("Member: left"),
    "invitation.revoked": _("Invitation: revoked"),
    "client.registered": _("App: registered"),
    "client.activated": _("App: activated"),
    "client.updated": _("App: updated"),
    "client.logo_changed": _("App: logo changed"),
    "client.logo_removed": _("App: logo removed"),
    "client.secret_added": _("App: secret added"),
    "client.secret_end_set": _("App: secret end set"),
    "client.secret_let_pass": _("App: secret let pass"),
    "client.secret_retired": _("App: secret retired"),
    "client.secret_rotated": _("App: secret rotated"),
    "client.resource_added": _("App: resource server added"),
    "client.resource_proved": _("App: resource server proved"),
    "client.resource_removed": _("App: resource server removed"),
    "client.tokens_ended": _("App: tokens ended"),
    "client.suspended": _("App: suspended"),
    "client.resumed": _("App: resumed"),
    "client.deleted": _("App: deleted"),
    "client.replay_ended_tokens": _("App: replay ended tokens"),
    "client.playground_opened": _("App: playground opened"),
    "client.playground_closed": _("App: playground closed"),
    "demonstration.seeded": _("Demonstration: seeded"),
}
