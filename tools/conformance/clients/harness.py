"""Runs checks and prints one JSON object per check: name, title, outcome, reason, durationMs."""

import json
import sys
import time

CHECKS = []


class Skipped(Exception):
    """The check cannot be made here."""


def check(name, title):
    """Registers a function of one client as a check."""

    def register(function):
        CHECKS.append((name, title, function))
        return function

    return register


def run(client):
    """Makes every registered check with `client`, in the order they were written."""
    for name, title, function in CHECKS:
        started = time.monotonic()
        outcome, reason = judge(function, client)
        duration_ms = round((time.monotonic() - started) * 1000)
        result = {"name": name, "title": title, "outcome": outcome, "reason": reason, "durationMs": duration_ms}
        print(json.dumps(result), flush=True)


def judge(function, client):
    try:
        function(client)
        return "pass", ""
    except Skipped as reason:
        return "skipped", str(reason)
    except Exception as error:  # Whatever a client library raises is a finding.
        return "fail", f"{type(error).__name__}: {error}"


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, not {expected!r}")


def address():
    return sys.argv[1]
