"""Our own versions of the programs that bridge is measured against."""
