"""The grant types (:rfc:`6749#section-1.3`), each a subclass of Authlib's."""
