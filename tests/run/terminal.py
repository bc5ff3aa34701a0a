"""terminal.py RUN OPTION... - ./run at a terminal: a password is asked for and
not shown, Ctrl-C stops everything. Prints what the terminal showed."""
import os
import select
import sys
import time
from pty import fork

pid, fd = fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown = b''


def until(what):
    global shown
    end = time.time() + 30
    while time.time() < end and what not in shown:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                shown += os.read(fd, 4096)
            except OSError:
                break


until(b'Password')
os.write(fd, b's3cret\n')
until(b'open ')
os.write(fd, b'\x03')
until(b'goes on')
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode())
sys.exit(os.waitstatus_to_exitcode(status))
