#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What was reported, against what the guest did.

judge.py events MONITOR HITS
judge.py flood MONITOR HITS GUEST-SAID VICTIMS ACTION
judge.py stats STATS LAST-ALERT
judge.py names GUEST-SAID JSON TEXT

A line for each case: "ok NAME" or "not ok NAME: why"; "# ..." is for people.
"""

import json
import re
import sys

PLACE = b"/var/cache/names/"
COMM_BYTES = 15


def tell(name, wrong=None):
    print(f"not ok {name}: {wrong}" if wrong else f"ok {name}", flush=True)
    return not wrong


def some(items):
    items = list(items)
    return f"{len(items)}, as {items[:5]}" if items else None


# --- what the monitor heard -----------------------------------------------------


def heard(path):
    """Its events, and the lines that are none."""
    events, bad = [], []
    with open(path, "rb") as file:
        for line in file:
            try:
                event = json.loads(line.decode())
                event["event"]
                events.append(event)
            except (ValueError, KeyError, TypeError):
                bad.append(line)
    return events, bad


def alerts_of(events):
    return [e for e in events if e["event"] == "alert"]


def gaps(events):
    """Numbers that are neither there nor lost."""
    last, found, lost = None, [], 0
    for event in events:
        if event["event"] == "lost":
            lost += event["lost"]
        elif event["event"] == "alert":
            if last is not None and event["seq"] != last + 1 + lost:
                found.append((last, lost, event["seq"]))
            last, lost = event["seq"], 0
    return found


def count_events(alerts):
    """Those that were reported, and those that were counted."""
    return (sum(a["kind"] == "exec" for a in alerts),
            sum(a.get("folded", 0) for a in alerts))


def events_add_up(events, hits):
    reported, folded = count_events(alerts_of(events))
    if reported + folded == hits:
        return None
    return f"{reported} reported, {folded} folded, {hits} hits"


# --- what the guest did -----------------------------------------------------------


def victims_of(said):
    """The pid of each victim, and whether its code ran."""
    return {int(pid): ran == "+" for line in said.splitlines()
            if line.startswith("victims: ")
            for pid, ran in re.findall(r"(\d+)([+-])", line)}


def flood(monitor, hits, said, count, action):
    with open(said, errors="replace") as file:
        said = file.read()
    events, bad = heard(monitor)
    alerts = alerts_of(events)
    victims = victims_of(said)
    noise = re.search(r"flood: noise=(\d+) tried=(\d+) ran=(\d+) "
                      r"children=(\d+) ms=(\d+)", said)
    told = {a["process"]["pid"] for a in alerts if a["kind"] == "exec"}
    outcome = "allowed" if action == "observe" else "blocked"
    ran = action == "observe"
    number, tried, ran_of_noise, _, ms = (
        map(int, noise.groups()) if noise else (0, 0, 0, 0, 0))
    reported, folded = count_events(alerts)
    of_noise = sum(a["kind"] == "exec" and a["process"]["pid"] == number
                   for a in alerts)
    print(f"# noise: {tried} events in {ms} ms, {of_noise} reported; "
          f"{len(victims)} victims; in all {reported} reported, {folded} folded")
    tell("the guest did it all",
         None if len(victims) == int(count) and
         all(r == ran for r in victims.values()) and tried > 100 and
         ran_of_noise == (tried if ran else 0) else
         f"{len(victims)} victims, {sum(victims.values())} of them ran, "
         f"noise {tried}, {ran_of_noise} of it ran")
    tell("every line is JSON", some(bad))
    tell("no number is missing", some(gaps(events)))
    tell("every attacked process is reported", some(set(victims) - told))
    tell("the outcome is right", some(
        a["seq"] for a in alerts
        if a["kind"] == "exec" and a["outcome"] != outcome))
    tell("what was reported and what was folded add up",
         events_add_up(events, int(hits)))
    # a fetch may be asked about again before it is answered
    happened = tried + len(victims)
    tell("no event of the guest is unknown",
         None if happened <= int(hits) <= happened * 1.02 else
         f"{hits} hits, {happened} events")


def stats(path, last):
    with open(path) as file:
        counters = json.load(file)
    if isinstance(counters, list):
        counters = counters[0]
    if counters["alerts"] != int(last):
        sys.exit(f"alerts {counters['alerts']}, the last one is {last}")
    if not counters["alerts_folded"]:
        sys.exit("nothing was folded")


# --- names ------------------------------------------------------------------------


def unescape(text):
    return re.sub(rb"\\(?:x([0-9A-Fa-f]{2})|(\\))",
                  lambda m: bytes([int(m[1], 16)]) if m[1] else b"\\",
                  text.encode())


def names_of(said):
    """The name of each process, and whether its file was gone."""
    found = {}
    with open(said, errors="replace") as file:
        for line in file:
            parts = line.split()
            if len(parts) == 5 and parts[0] == "name:":
                found[int(parts[1])] = (bytes.fromhex(parts[2]),
                                        parts[3] == "gone")
    return found


def wrong_name(alert, name, gone):
    process = alert["process"]
    if unescape(process["exe"]) != PLACE + name:
        return process["exe"]
    if unescape(process["comm"]) != name[:COMM_BYTES]:
        return process["comm"]
    if bool(process.get("exe_deleted")) != gone:
        return f"{process['exe']}: gone: {gone}"
    return None


def names(said, in_json, in_text):
    wanted = names_of(said)
    tell("the guest did it all", None if len(wanted) > 40 else len(wanted))
    with open(in_json, "rb") as file:
        try:
            alerts = [a for a in json.loads(file.read().decode())
                      if a["kind"] == "exec"]
        except ValueError as e:
            alerts = []
            tell("they are JSON", e)
        else:
            tell("they are JSON")
    by_pid = {a["process"]["pid"]: a for a in alerts}
    tell("each process is reported", some(set(wanted) - set(by_pid)))
    tell("each name can be had back", some(filter(None, (
        wrong_name(by_pid[pid], *wanted[pid])
        for pid in wanted if pid in by_pid))))
    tell("nothing in them can't be printed", some(
        a["process"]["exe"] for a in alerts
        if not (a["process"]["exe"] + a["process"]["comm"]).isprintable()))
    with open(in_text, "rb") as file:
        text = file.read()
    tell("people see the same", wrong_text(text, alerts))


def wrong_text(text, alerts):
    try:
        text = text.decode()
    except UnicodeDecodeError as e:
        return e
    odd = {c for c in text if not c.isprintable() and c != "\n"}
    if odd:
        return f"characters {odd}"
    return some(a["process"]["exe"] for a in alerts
                if a["process"]["exe"] not in text)


def main():
    what, *args = sys.argv[1:]
    if what == "events":
        tell("events", events_add_up(heard(args[0])[0], int(args[1])))
    elif what == "flood":
        flood(*args)
    elif what == "stats":
        stats(*args)
    elif what == "names":
        names(*args)


main()
