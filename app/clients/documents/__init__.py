"""Client id metadata documents: a client whose id is the address of a document about it.

draft-ietf-oauth-client-id-metadata-document-02, and what clients of its -00 send. A document is read only while a
signed-in person waits, and kept as the record of a client; the token endpoint looks at nothing but that.
"""
