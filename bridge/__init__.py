"""Graph machine learning for Neo4j, driven from the database."""

__version__ = "0.1.0"
