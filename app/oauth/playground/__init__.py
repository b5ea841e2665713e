"""The playground of the dashboard: the redirect URI it borrows."""
