"""Reads two files of a stackpoint over and over, and says at the end how often, and every read that was not whole.

stackpoint-reader.py DIRECTORY: each read opens the directory, and in it the files `a` and `b`, which must say the same.
"""

import os
import signal
import sys

root = sys.argv[1]
state = {"running": True}
signal.signal(signal.SIGTERM, lambda *_: state.update(running=False))
reads, seen, failures = 0, set(), []
print("reading", flush=True)
while state["running"]:
    reads += 1
    try:
        directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            texts = []
            for name in ("a", "b"):
                file = os.open(name, os.O_RDONLY, dir_fd=directory)
                texts.append(os.read(file, 100).decode())
                os.close(file)
        finally:
            os.close(directory)
        # By its path as well, as most programs read.
        with open(os.path.join(root, "a"), encoding="utf-8") as file:
            file.read()
        if texts[0] != texts[1]:
            failures.append("%s beside %s" % tuple(texts))
        seen.add(texts[0])
    except OSError as error:
        failures.append(str(error))
print(reads, ",".join(sorted(seen)), len(failures), *failures[:3], flush=True)
