"""The bundled real data, with its attribution and the script that makes it."""
