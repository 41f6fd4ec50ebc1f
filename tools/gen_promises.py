#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes calls of every public function for tests/unit/promises: what the
headers promise for all functions is tried for all, also for those that come
later.

usage: gen_promises.py promised_null | promised_thread | promised_guides
                       [without_web] [without_cluster]
                       [without_admin]
       gen_promises.py --self-test

promised_null:
        headers that speak of an object that is NULL in their first comment:
        each function that takes one, called without it, and what it has to
        answer.
promised_thread:
        functions that belong to a worker, called with an object that is alive
        on one, from a thread that is none.

promised_guides:
        blocks of docs/guide as they stand there, to be run and not only
        compiled.
"""
import re
import sys

import gen_reference
import public_functions as public

# The first comment of http.h says that its requests are not for NULL.
NOT_FOR_NULL = {"peal_http_req"}
# web.h promises it for what sets up, and that takes an application.
ONLY = {"web": {"peal_web"}}
# Their comments say what else they return.
OTHER_ANSWER = {"peal_reply_send": "PEAL_OK"}
# The first comment of worker.h: the exit code of a run that there is not, and
# what poll(2) knows as nothing; of device.h: never.
NUMBERS = {"peal_device_deadline": "UINT64_MAX",
           "peal_workers_end": 1, "peal_workers_fd": -1,
           "peal_workers_timeout_ms": -1}
# A handle that is a value.
VALUES = {"peal_socket_ref", "peal_ws_ref"}
# Where the thread is watched: the functions of objects that live on a worker.
THREAD_HEADERS = ["server", "handle", "http", "worker", "engine", "ws",
                  "client"]
ON_WORKER = {"peal_socket", "peal_event", "peal_next", "peal_http_req",
             "peal_timer", "peal_watch", "peal_worker", "peal_allow", "peal_headers",
             "peal_engine_client", "peal_cors_ask",
             "peal_ws", "peal_ws_ask", "peal_ws_endpoint",
             "peal_socket_ref", "peal_client_nsp"}


WEB = {"web", "store", "config"}
CLUSTER = {"cluster", "emitter"}
ADMIN = {"admin"}


# Blocks that the test runs, by something that stands in them.
BLOCKS = [("backpressure", "send_more"), ("backpressure", "send_next"),
          ("workers-and-threads", "when_computed"), ("events", "cart_of"),
          ("events", "on_question"), ("events", "greet"),
          ("middleware-and-auth", "for_customers")]


def headers():
    """Of the library as it was built."""
    left_out = WEB if "without_web" in sys.argv else set()
    left_out |= CLUSTER if "without_cluster" in sys.argv else set()
    left_out |= ADMIN if "without_admin" in sys.argv else set()
    found = (p.stem for p in (public.ROOT / "include/peal").glob("*.h"))
    # the kit and the test client, libraries of their own, give no such promises
    # (docs/abi.md)
    return sorted(h for h in set(found) - left_out
                  if not h.startswith(("kit", "test")))


def source_of(header):
    return (public.ROOT / "include/peal" / f"{header}.h").read_text()


def speaks_of_null(header):
    opening = re.search(r"/\* \w+: .*?\*/", source_of(header), re.S)
    words = " ".join(gen_reference.text_of(opening[0]).split())
    return bool(re.search(r"[Ww]ithout an? \w+ \(NULL", words))


def opaque_types():
    found = set(VALUES)
    for header in headers():
        found |= {m[1] for m in re.finditer(
            r"^typedef struct (peal_\w+) \1;", source_of(header), re.M)}
    return found


def object_of(function, opaque):
    """The type of its first argument if that is an object, or ""."""
    if not function.params:
        return ""
    matched = re.match(r"(?:const )?(\w+) ?(\*?)$", function.params[0][0])
    if not matched or matched[1] not in opaque:
        return ""
    is_value = matched[1] in VALUES
    return matched[1] if bool(matched[2]) != is_value else ""


# -- arguments and answers ------------------------------------------------------

def argument(kind, name):
    """What to give, and what has to stand before the call."""
    if kind == "const char *":
        return '"x"', ""
    if kind.endswith("_fn"):
        return f"({kind})never", ""
    if kind == "peal_slice":
        return 'PEAL_S("x")', ""
    if kind == "peal_args":
        return "PEAL_NO_ARGS", ""
    if kind == "peal_val":
        return "peal_undefined()", ""
    if kind == "bool":
        return "true", ""
    out = re.match(r"(peal_\w+|unsigned|size_t|uint\w+) \*$", kind)
    if out and out[1] not in opaque_types():
        return f"&{name}_out", (f"  {out[1]} {name}_out;\n"
                                f"  memset(&{name}_out, 0xff, sizeof {name}_out);\n")
    if kind.endswith("*"):
        return "NULL", ""
    if kind.startswith("peal_") and kind not in VALUES:
        return f"({kind})0", ""
    return f"({kind}){{0}}" if kind.startswith("peal_") else "0", ""


def answer(function):
    """An expression over `r` that has to be true; "" for void."""
    kind = function.result
    if kind == "void":
        return ""
    if kind == "peal_err":
        return f"r == {OTHER_ANSWER.get(function.name, 'PEAL_ERR_USAGE')}"
    if kind == "int":
        is_run = function.name.endswith("_run")
        return f"r == {NUMBERS.get(function.name, 1 if is_run else 0)}"
    if function.name in NUMBERS:
        return f"r == {NUMBERS[function.name]}"
    if kind == "peal_build *":
        return "peal_build_err(r) == PEAL_ERR_USAGE"
    if kind == "const char *":
        return "!r" if may_be_null(function) else "r && !*r"
    if kind == "bool":
        return "!r"
    if kind == "peal_slice":
        return "!r.ptr && !r.len"
    if kind == "peal_args":
        return "!r.count"
    if kind == "peal_val":
        return "peal_val_is(r, PEAL_UNDEFINED)"
    is_struct = kind.startswith("peal_") and "*" not in kind
    return "is_zero(&r, sizeof r)" if is_struct else "!r"


def may_be_null(function):
    """Its comment names NULL as an answer: then that is the one."""
    return "NULL" in function.comment


# -- the two files ----------------------------------------------------------------

def call_null(function):
    given, before = ["NULL" if "*" in function.params[0][0]
                     else f"({function.params[0][0]}){{0}}"], ""
    for kind, name in function.params[1:]:
        value, line = argument(kind, name)
        given.append(value)
        before += line
    checks = answer(function)
    result = f"{function.result} r = ".replace("* r", "*r") if checks else ""
    lines = [f"static bool null_{function.name}(void) {{\n{before}",
             f"  {result}{function.name}({', '.join(given)});\n"]
    if checks:
        lines.append(f"  return {checks};\n}}\n")
    elif "stats" in function.name and before:
        out = re.search(r"(\w+_out);", before)[1]
        lines.append(f"  return is_zero(&{out}, sizeof {out});\n}}\n")
    else:
        lines.append("  return true;\n}\n")
    return "".join(lines)


def call_thread(function, kind):
    given = [f"held.{kind}"]
    before = ""
    for param, name in function.params[1:]:
        value, line = argument(param, name)
        if re.match(r"\w+ \*$", param) and param[:-2] in ON_WORKER:
            value, line = f"held.{param[:-2]}", ""
        given.append(value)
        before += line
    ignored = "" if function.result == "void" else "(void)!"
    if function.result not in ("void", "peal_err") and \
            re.match(r"peal_\w+$", function.result):
        ignored = "(void)"
    return (f"static void call_{function.name}(void) {{\n{before}"
            f"  {ignored}{function.name}({', '.join(given)});\n}}\n")


def null_file():
    opaque, names = opaque_types(), []
    for header in headers():
        if not speaks_of_null(header):
            continue
        print(f"#include <peal/{header}.h>\n")
        for function in public.functions(header):
            kind = object_of(function, opaque)
            if not kind or kind not in ONLY.get(header, {kind}) - NOT_FOR_NULL:
                continue
            if function.name in OTHER_ANSWER and "NULL" not in function.comment:
                sys.exit(f"{function.name}: its comment does not speak of NULL")
            names.append(function.name)
            print(call_null(function))
    print("static const promise promises[] = {")
    for name in names:
        print(f'    {{"{name}", null_{name}}},')
    print("};")


def thread_file():
    opaque, rows = opaque_types(), []
    for header in THREAD_HEADERS:
        for function in public.functions(header):
            kind = object_of(function, opaque)
            if function.thread != "worker":
                continue
            if kind not in ON_WORKER:
                sys.exit(f"{function.name} belongs to a worker, and this test "
                         f"has no {kind or 'object'} for it")
            rows.append((function.name, kind))
            print(call_thread(function, kind))
    print("static const promise promises[] = {")
    for name, kind in rows:
        stage = "IN_HEADERS" if kind == "peal_headers" else "IN_EVENT"
        print(f'    {{"{name}", call_{name}, {stage}}},')
    print("};")


def guides_file():
    for guide, marker in BLOCKS:
        text = (public.ROOT / f"docs/guide/{guide}.md").read_text()
        blocks = [b for b in re.findall(r"^```c\n(.*?)^```", text, re.M | re.S)
                  if re.search(rf"\b{marker}\(", b)]
        if len(blocks) != 1:
            sys.exit(f"docs/guide/{guide}.md: {marker} is in {len(blocks)} blocks")
        print(blocks[0])


def self_test():
    function = public.parse("PEAL_API peal_err peal_emit(peal_socket *socket, "
                            "const char *event, peal_args args);", "x", "")
    if object_of(function, {"peal_socket"}) != "peal_socket" or \
            object_of(function, set()):
        print("the object of peal_emit is not found")
        return 1
    made = call_null(function)
    want = ('static bool null_peal_emit(void) {\n  peal_err r = peal_emit('
            'NULL, "x", PEAL_NO_ARGS);\n  return r == PEAL_ERR_USAGE;\n}\n')
    if made != want:
        print(f"expected {want}, got {made}")
        return 1
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    made = {"promised_null": null_file, "promised_thread": thread_file,
            "promised_guides": guides_file}
    if len(sys.argv) < 2 or sys.argv[1] not in made:
        sys.exit(__doc__)
    sys.exit(made[sys.argv[1]]())
