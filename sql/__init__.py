"""SQL files: the only declaration of the schema, and every query by name."""
