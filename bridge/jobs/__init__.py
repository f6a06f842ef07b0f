"""Work that takes time: its table, its processes, its progress and its end."""
