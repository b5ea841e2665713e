"""What the archive says of itself, for whoever opens it in ten years."""

README = """\
# Your account

Everything that your account held when you took it out, in files that any program can read.

* `memories/`, `mementos.json`, `markdown/`: what you keep. `reliquary.json` says that the archive is one of ours: brought
  in again, here or elsewhere, your memories and mementos are as they were.
* `account/profile.json`, `organizations.json`, `invitations-made.json`, `address-changes.json`, `notice-choices.json`,
  `never-shared.json`: who you are here, and what you have set.
* `account/passkeys.json`, `one-time-codes.json`, `recovery-codes.json`, `sessions.json`, `places.json`: how you sign in,
  and where. No secret is in it.
* `account/consents.json`, `consents-mementos.json`: what you allow which app, and did. `apps-own-mementos.json`,
  `mementos-made-by-apps.json`, `asked-apps.json`: what apps made, and which you turned away.
* `account/history/`: each change of what you allow an app, one connection after the other.
* `account/receipts/`: what apps read and wrote, minute by minute. `receipts-in-detail/` has their questions, and
  `receipts-memories/` which memories each detail names.
* `account/changes-by-apps/`: what was there before an app changed or deleted it.
* `account/notices/`: what you were told.

Each file in `account/` is a JSON list. `grant_id` is one connection of an app, the same in all files. Times are in UTC.
"""
