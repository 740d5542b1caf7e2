"""Files as agencies have them: rows of tables, turned into lines of facts."""
