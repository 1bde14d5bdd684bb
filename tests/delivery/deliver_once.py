"""One delivery in a process of its own, for strace and for the limits of a system.

Usage: python -I -S deliver_once.py PACKAGES ORDERS < message. PACKAGES is the directory pyfilter
lies in, ORDERS is JSON: ``home``, ``filings`` [[verb, folder, flags], …], ``settings``,
``sweep`` (whether left-overs are looked for) and ``descriptors`` (how many files may be open
during the delivery, 0 for as many as there are). Prints the word for the
outcome and its detail. Two calls of access() mark in a trace where the delivery begins and ends.
"""

import json
import os
import resource
import sys


def main(packages: str, orders: str) -> None:
    sys.path.insert(0, packages)
    sys.dont_write_bytecode = True
    from pyfilter.delivery import execute, leftovers, subscriptions
    from pyfilter.engine.plan import Action, Plan
    from pyfilter.message.message import Message

    wanted = json.loads(orders)
    plan = Plan(wanted["settings"])
    plan.actions = [Action(verb, folder=folder, flags=flags) for verb, folder, flags in wanted["filings"]]
    plan.outcome = "filed"
    message = Message.from_bytes(sys.stdin.buffer.read())
    assert leftovers and subscriptions  # imported before the delivery begins, for the trace
    # every delivery looks for left-overs or none does: a trace must come out the same twice
    execute.SWEEP_ONE_IN = 1 if wanted["sweep"] else 1 << 62
    if number := wanted.get("descriptors"):
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))
    os.access("/delivery/begins", os.F_OK)
    outcome = execute.execute(plan, message, wanted["home"])
    os.access("/delivery/ends", os.F_OK)
    print(outcome.status.word, outcome.detail)


main(*sys.argv[1:])
