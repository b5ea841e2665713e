"""What `make run` adds to a local server: demonstration people, apps and memories."""
