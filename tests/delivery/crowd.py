"""Many deliverers at once, each a process of its own, all set off together.

Usage: python -I -S crowd.py PACKAGES HOME DELIVERERS MESSAGES SETTINGS. Each delivers MESSAGES
messages, every one into the inbox and, with a flag, into a folder that none of them has made yet.
Exits 0 if every outcome was DELIVERED.
"""

import json
import os
import sys


def deliver_all(number: int, messages: int, home: str, settings: dict[str, object]) -> int:
    from pyfilter.delivery.execute import execute
    from pyfilter.engine.plan import Action, Plan
    from pyfilter.message.message import Message
    from pyfilter.status import DELIVERED

    failed = 0
    for at in range(messages):
        plan = Plan(settings)
        plan.actions = [Action("copy", folder="INBOX"), Action("file", folder="Crowd/Žluťoučký", flags="S")]
        plan.outcome = "filed"
        raw = f"Subject: {number}-{at}\n\n{'text ' * at}\n".encode()
        outcome = execute(plan, Message.from_bytes(raw), home)
        if outcome.status is not DELIVERED:
            print(outcome, file=sys.stderr, flush=True)
            failed = 1
    return failed


def main(packages: str, home: str, deliverers: str, messages: str, settings: str) -> int:
    sys.path.insert(0, packages)
    sys.dont_write_bytecode = True
    reader, writer = os.pipe()
    children = []
    for number in range(int(deliverers)):
        child = os.fork()
        if child == 0:
            os.close(writer)
            os.read(reader, 1)  # returns when the parent closes the pipe: all set off together
            os._exit(deliver_all(number, int(messages), home, json.loads(settings)))
        children.append(child)
    os.close(writer)
    return max([os.waitpid(child, 0)[1] for child in children])


sys.exit(main(*sys.argv[1:]) != 0)
