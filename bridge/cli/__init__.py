"""What the `bridge` command can do, a module a family of commands."""
