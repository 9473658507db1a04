"""A figure of echo servers: round after round every setup's server and client run through the cases
of a plan, and what came of it becomes rows and bounds."""

import argparse
import dataclasses
import json
import sys

from echo_setups import CLIENT_CORE, PORT, PROCESS_TIME, Bench, Programs
from lab import Lab, LabError
from rows import Rows, option_of

STARVED = 0.95  # of a core; a spinning process with less was disturbed by somebody else


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float
    warm_up: float
    cases: tuple  # (bytes, outstanding, us of work[, connections])
    repeats: int  # of cases that were disturbed


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    about: str
    programs: Programs
    setups: list
    full: Plan
    quick: Plan
    words: object   # case -> text
    bounds: object  # (rows, cases) -> lines
    complete: object = lambda rows, plan: None  # adds rows that follow from others

    def name_of(self, case, setup):
        return f"{self.words(case)}, {setup.client}, {setup.mode}"

    def plan(self, setup, plan):
        """Few setups have cases of their own, with so many connections that they take a while to be
        all under way."""
        if setup.cases is None:
            return plan
        return dataclasses.replace(plan, cases=setup.cases, warm_up=1, seconds=1)


def ask(lab, setup, service, cases, plan):
    """What the generator measured, a dictionary a case."""
    texts = [option_of(case) for case in cases]
    client = lab.start(*service.client, "--server", f"{service.address}:{PORT}", "--core",
                       CLIENT_CORE, "--seconds", plan.seconds, "--warm-up", plan.warm_up,
                       "--case", *texts, **service.environment)
    status = client.wait(60 + len(cases) * (plan.seconds + plan.warm_up + 1))
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
                answer["peak_mib"] += service.server.peak_mib()
                if case not in answers or answer["core"] > answers[case]["core"]:
                    answers[case] = answer
            waiting = [case for case in waiting if disturbed(setup, answers[case])]
            if not waiting:
                break
    return answers, len(waiting)


def values_of(setup, answer):
    server = answer["server"]
    cpu = server["processor_us"] if setup.mode in PROCESS_TIME else server["busy_us"]
    values = {"throughput": answer["throughput"], "p50": answer["p50_us"], "p99": answer["p99_us"],
              "p999": answer["p999_us"], "cpu": cpu}
    return {**values, "memory": answer["peak_mib"]} if setup.cases else values


def measure_all(figure, plan, setups):
    rows = Rows(figure.name)
    starved = lost = total = 0
    with Lab() as lab:
        bench = Bench(lab, figure.programs)
        for turn in range(plan.rounds):
            for i, setup in enumerate(setups):
                done = (turn * len(setups) + i) / (plan.rounds * len(setups))
                show(f"{done:4.0%}  round {turn + 1} of {plan.rounds}: {setup}")
                answers, still_disturbed = measure(lab, bench, setup, figure.plan(setup, plan))
                starved += still_disturbed
                for case, answer in answers.items():
                    rows.add(setup.system, setup.wire, figure.name_of(case, setup),
                             values_of(setup, answer))
                    lost += answer["lost"]
                    total += answer["sent"]
    show("")
    print(f"{total:,} requests, {lost:,} lost; {starved} measurements had less than "
          f"{STARVED:.0%} of a core")
    return rows


def run(figure, arguments):
    """The whole of a figure's program."""
    options = parse(figure.about, arguments)
    plan = figure.quick if options.quick else figure.full
    try:
        rows = measure_all(figure, plan, [setup for setup in figure.setups
                                          if (options.only or "") in str(setup)])
    except LabError as error:
        sys.exit(f"error: {error}")
    figure.complete(rows, plan)
    if options.json:
        rows.write(options.json)
    if options.only:
        return
    for line in figure.bounds(rows, plan.cases):
        print(line)


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
