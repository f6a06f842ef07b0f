"""What the fork server loads first: it ends with its server, even while it loads the rest.

Python's own way is the end of a pipe, which the fork server sees only when it has loaded everything. Until then, after
a server's crash, it would hold up the next one.

A server that would rather answer first has it wait here: loading takes as long as all that the server itself loads.
"""

import signal

from bridge.jobs.worker import GO, end_with_parent

end_with_parent()
if GO in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
    signal.sigwait({GO})
    signal.signal(GO, signal.SIG_IGN)  # said twice, it would end this process
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {GO})
