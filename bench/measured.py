"""Runs a program and writes what it and everything it called cost: measured.py REPORT PROGRAM ARGUMENT…

Times and peak memory are what wait4(2) tells of the program and the descendants that were waited for; bytes are the
rchar and wchar of /proc/self/io (proc(5)), to which the kernel adds those of every descendant that was waited for.
"""

import json
import os
import sys
import time


def transferred():
    with open("/proc/self/io", encoding="ascii") as lines:
        counters = dict(line.split(": ") for line in lines)
    return int(counters["rchar"]), int(counters["wchar"])


report, *command = sys.argv[1:]
read_before, written_before = transferred()
begun = time.monotonic()
_, status, usage = os.wait4(os.posix_spawnp(command[0], command, os.environ), 0)
wall = time.monotonic() - begun
read, written = transferred()
with open(report, "w", encoding="ascii") as file:
    json.dump(
        {
            "exitCode": os.waitstatus_to_exitcode(status),
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peakMemory": usage.ru_maxrss * 1024,
            "bytesRead": read - read_before,
            "bytesWritten": written - written_before,
        },
        file,
    )
