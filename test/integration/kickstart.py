"""Reads Kickstart files as Anaconda does: a JSON list of {version, text} in, a JSON list of what was read out.

`words` is what Python itself makes of the commands, with the rules of pykickstart's parser.py; `parsed` is what
pykickstart reads, or null where it is not installed.
"""

import json
import shlex
import sys

try:
    from pykickstart.parser import KickstartParser, preprocessFromStringToString
    from pykickstart.version import makeVersion
except ImportError:
    makeVersion = None


def words(text):
    """The words of each line outside of sections, and of each line that begins or ends a section."""
    found, inside = [], False
    for line in text.splitlines():
        beginning = line.lstrip()
        if beginning.startswith("%") or not inside and beginning and not beginning.startswith("#"):
            split = shlex.split(line, comments=True)
            inside = split[0].startswith("%") and split[0] != "%end"
            found.append(split)
    return found


def parsed(version, text):
    handler = makeVersion(version)
    parser = KickstartParser(handler, followIncludes=False)
    parser.readKickstartFromString(preprocessFromStringToString(text).decode())
    return {
        "errors": parser.errorsCount,
        "hostname": handler.network.hostname,
        "lang": handler.lang.lang,
        "keymap": handler.keyboard.vc_keymap,
        "timezone": handler.timezone.timezone,
        "rootPassword": handler.rootpw.password,
        "append": handler.bootloader.appendLine,
        "url": handler.url.url,
        "proxy": handler.url.proxy,
        "repositories": [[repo.name, repo.baseurl] for repo in handler.repo.repoList],
        "packages": handler.packages.packageList,
        "leftOut": handler.packages.excludedList,
        "scripts": [script.script for script in handler.scripts],
    }


json.dump(
    [
        {
            "words": words(document["text"]),
            "parsed": makeVersion and parsed(document["version"], document["text"]),
        }
        for document in json.load(sys.stdin)
    ],
    sys.stdout,
)
