"""Writes what follows from the procedure declarations: Java classes, reference pages, and from proto/ the Python code."""
