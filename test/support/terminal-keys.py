"""Runs a command at the foreground of a terminal of its own, and types at it.

terminal-keys.py [--hang-up] [--again SECONDS,…] [--key KEY] MARK COMMAND…

As soon as the terminal shows MARK, Ctrl-C is typed, and again so many seconds later each. With --hang-up the terminal
is closed instead. Prints what the terminal showed, and as the last line how the command ended: its exit code, as a shell
tells it.
"""
import argparse, os, pty, select, sys, time

parser = argparse.ArgumentParser()
parser.add_argument('--hang-up', action='store_true')
parser.add_argument('--again', default='', help='seconds after the first Ctrl-C, separated by commas')
parser.add_argument('--key', default='\x03')
parser.add_argument('mark')
parser.add_argument('command', nargs=argparse.REMAINDER)
options = parser.parse_args()

child, terminal = pty.fork()
if child == 0:
    os.execvp(options.command[0], options.command)

seen = b''
due = None
deadline = time.monotonic() + 600
while time.monotonic() < deadline:
    wait = 0.05 if due else 0.5
    if terminal is not None and select.select([terminal], [], [], wait)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b''
        if not data:
            break
        seen += data
    if due is None and options.mark.encode() in seen:
        if options.hang_up:
            os.close(terminal)
            break
        now = time.monotonic()
        due = [now] + [now + float(after) for after in options.again.split(',') if after]
    while due and time.monotonic() >= due[0]:
        os.write(terminal, options.key.encode())
        due.pop(0)
        if not due:
            due = [float('inf')]
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if ended < 0:
    # As a shell tells it: a signal also ends a program that has just said how it ended.
    ended = 128 - ended
sys.stdout.write(seen.decode(errors='replace').replace('\r\n', '\n'))
print(f'\nended: {ended}')
