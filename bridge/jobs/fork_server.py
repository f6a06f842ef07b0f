"""What the fork server loads first: it ends with its server, even while it loads the rest.

Python's own way is the end of a pipe, which the fork server sees only when it has loaded everything. Until then, after
a server's crash, it would hold up the next one.
"""

from bridge.jobs.worker import end_with_parent

end_with_parent()
