"""Use cases over ports: store, assemble, search, project, forget, rebuild."""
