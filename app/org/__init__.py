"""The dashboard where an organization's people keep its apps."""
