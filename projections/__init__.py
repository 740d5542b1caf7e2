"""Questions asked of the log; every answer can be thrown away and asked again."""
