"""One setup of an echo figure: its server and its client run through the cases of a plan."""

import argparse
import dataclasses
import json
import sys

from echo_setups import CLIENT_CORE, PORT, PROCESS_TIME
from lab import LabError

STARVED = 0.95  # of a core; a spinning process with less was disturbed by somebody else


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float
    warm_up: float
    cases: tuple  # (bytes, outstanding, us of work)
    repeats: int  # of cases that were disturbed


def ask(lab, setup, service, cases, plan):
    """What the generator measured, a dictionary a case."""
    texts = [f"{size}x{outstanding}+{work}" for size, outstanding, work in cases]
    client = lab.start(*service.client, "--server", f"{service.address}:{PORT}", "--core",
                       CLIENT_CORE, "--seconds", plan.seconds, "--warm-up", plan.warm_up,
                       "--case", *texts, **service.environment)
    status = client.wait(30 + len(cases) * (plan.seconds + plan.warm_up + 1))
    if not service.server.running():
        raise LabError(f"{setup}: {service.server.complaint()}")
    if status != 0:
        raise LabError(f"{setup}: {client.complaint()}")
    return [json.loads(line) for line in client.output().splitlines()]


def disturbed(setup, answer):
    spinning = setup.mode == "spinning" and answer["server"]["core"] < STARVED
    return spinning or answer["core"] < STARVED


def measure(lab, bench, setup, plan):
    """case -> answer; cases that were disturbed are measured again, and the best core counts."""
    answers = {}
    waiting = list(plan.cases)
    with bench.serve(setup) as service:
        for _ in range(1 + plan.repeats):
            for case, answer in zip(waiting, ask(lab, setup, service, waiting, plan)):
                if case not in answers or answer["core"] > answers[case]["core"]:
                    answers[case] = answer
            waiting = [case for case in waiting if disturbed(setup, answers[case])]
            if not waiting:
                break
    return answers, len(waiting)


def values_of(setup, answer):
    server = answer["server"]
    cpu = server["processor_us"] if setup.mode in PROCESS_TIME else server["busy_us"]
    return {"throughput": answer["throughput"], "p50": answer["p50_us"], "p99": answer["p99_us"],
            "p999": answer["p999_us"], "cpu": cpu}


def show(text):
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)


def parse(description, arguments):
    """The command line that figures of echo servers share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer cases, within 60 s")
    parser.add_argument("--only", metavar="TEXT", help="setups with TEXT in their name, no bounds")
    parser.add_argument("--json", metavar="FILE", help="where the rows go")
    return parser.parse_args(arguments)
