"""How this product talks to SQLite and PostgreSQL: types, engine, statements, connections."""
