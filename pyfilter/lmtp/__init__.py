"""LMTP (RFC 2033): the protocol as a machine without sockets, and what stands around it."""
