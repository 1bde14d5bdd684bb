"""Mail through real servers, on machines made of namespaces."""
