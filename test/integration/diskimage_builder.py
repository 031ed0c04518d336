"""Writes partition tables as diskimage-builder does: mbr.py of its block-device layer is the first argument, and standard
input a JSON list of {file, align, partitions: [{primary, boot, size, type}]}, with sizes as its documents have them."""

import importlib.util
import json
import os
import sys


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


MBR = module("mbr", sys.argv[1]).MBR


def size(text, free):
    """What utils.py of the same package makes of a per cent or of bytes."""
    return int(free * float(text[:-1]) / 100.0) if text.endswith("%") else int(text)


for disk in json.load(sys.stdin):
    with MBR(disk["file"], os.path.getsize(disk["file"]), disk["align"]) as table:
        for partition in disk["partitions"]:
            table.add_partition(
                partition["primary"], partition["boot"], size(partition["size"], table.free()), partition["type"]
            )
