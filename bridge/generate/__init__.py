"""Writes what follows from the declarations: Java classes and reference pages, and from proto/ the Python code."""
