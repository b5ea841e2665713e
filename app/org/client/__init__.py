"""``/org/oauth/<client_id>``: one app's page, in tabs that each have an address."""
