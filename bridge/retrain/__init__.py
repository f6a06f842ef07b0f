"""Recipes: named Cypher scripts that the server runs in the database with an account of its own."""
