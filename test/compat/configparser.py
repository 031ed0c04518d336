"""Says what Python's own configparser makes of configuration files: a JSON list of cases in, a JSON list of answers out."""

import configparser
import io
import json
import sys


def attempt(action):
    try:
        return {"value": action()}
    except Exception as error:  # whatever Python raises, a crash of configparser's own included, is an error
        return {
            "error": type(error).__name__,
            "lines": [line for line, _ in getattr(error, "errors", [])] or [getattr(error, "lineno", None)],
            "reference": getattr(error, "reference", None),
        }


def read(files):
    parser = configparser.ConfigParser(interpolation=configparser.ExtendedInterpolation())
    for number, text in enumerate(files):
        # as ConfigParser.read opens a file
        with io.TextIOWrapper(io.BytesIO(text.encode("utf-8")), encoding="utf-8") as file:
            parser.read_file(file, f"file{number}")
    return parser


def answer(case):
    parser = None

    def parse():
        nonlocal parser
        parser = read(case["files"])

    parsed = attempt(parse)
    if "error" in parsed:
        return parsed
    variables = case["vars"]
    sections = []
    for name in ["DEFAULT", *parser.sections()]:
        seen = list(parser.defaults()) if name == "DEFAULT" else parser.options(name)
        asked = [*seen, *variables, "not set anywhere"]
        sections.append({
            "name": name,
            "options": seen,
            "raw": [parser.get(name, option, raw=True) for option in seen],
            "values": [attempt(lambda: parser.get(name, option, fallback=None)) for option in asked],
            "withVars": [attempt(lambda: parser.get(name, option, vars=variables, fallback=None)) for option in asked],
        })
    return {"value": sections}


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
