"""The models bridge keeps: stored versions, and those loaded in memory."""
