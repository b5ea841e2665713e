"""Resource servers: services elsewhere that take our tokens, each the resource of one client (:rfc:`8707`)."""
