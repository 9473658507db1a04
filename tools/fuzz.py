#!/usr/bin/env python3
"""Runs every libFuzzer target of a build, one a core.

usage: fuzz.py BUILD [--seconds N] [--only NAME] | --list

A target is an executable of the build with `fuzz` in its name. Its corpus lies beside its source,
in corpus/NAME or corpus/. What a run finds stays in BUILD: new inputs in BUILD/corpus/NAME, a crash
in BUILD/crashes/ with the output that explains it. BUILD/fuzzlog.json has a result a line.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def targets(build):
    """(name, program, folder of its source)"""
    listing = subprocess.run(["meson", "introspect", "--targets", str(build)], check=True,
                             capture_output=True, text=True)
    for target in json.loads(listing.stdout):
        if target["type"] == "executable" and "fuzz" in target["name"]:
            folder = pathlib.Path(target["defined_in"]).parent
            yield target["name"], pathlib.Path(target["filename"][0]), folder


def corpus_of(name, folder):
    short = name.replace("_fuzz", "").replace("fuzz_", "")
    for candidate in (name, short, "."):
        path = folder / "corpus" / candidate
        if path.is_dir():
            return [str(path)]
    return []


def run(build, seconds, name, program, folder):
    found = build / "corpus" / name
    crashes = build / "crashes"
    for path in (found, crashes):
        path.mkdir(parents=True, exist_ok=True)
    command = [str(program), f"-max_total_time={seconds}", "-detect_leaks=1", "-timeout=10",
               "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={crashes}/{name}-",
               str(found), *corpus_of(name, folder)]
    environment = {**os.environ, "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    done = subprocess.run(command, env=environment, cwd=crashes, capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode != 0:
        (crashes / f"{name}.log").write_text(done.stderr)
    return name, "OK" if done.returncode == 0 else "FAIL", done.stderr


def executions(output):
    for line in output.splitlines():
        if line.startswith("stat::number_of_executed_units:"):
            return int(line.split()[-1])
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true", help="print what ninja builds, run nothing")
    options = parser.parse_args()
    build = options.build.resolve()
    chosen = [t for t in targets(build) if options.only in (None, t[0])]
    if options.list:
        print(*(program.relative_to(build) for _, program, _ in chosen), sep="\n")
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool, \
            (build / "fuzzlog.json").open("w", encoding="utf-8") as log:
        for name, result, output in pool.map(lambda t: run(build, options.seconds, *t), chosen):
            print(f"fuzz {name}: {result}, {executions(output):,} executions")
            if result != "OK":
                print(output[-4000:])
                failed += 1
            log.write(json.dumps({"name": f"fuzz/{name}", "result": result}) + "\n")
    if not chosen:
        print("no target with `fuzz` in its name was built", file=sys.stderr)
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
