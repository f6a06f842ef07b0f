"""The data types and words that every part of bridge shares."""
