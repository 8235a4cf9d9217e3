"""Every verb and flag: one meaning a flag, whatever the verb."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Verb(NamedTuple):
    """A verb: what `--help` says of it, the module that does it, and its flags."""

    help: str
    module: str
    flags: Callable[[argparse.ArgumentParser], None]


HIDDEN = frozenset({"carry", "store"})  # verbs that no person types
WRITTEN = ("yaml", "json")
FORMS = ("api", "crossplane", "cloudformation", "iam", "submit-plan")  # of what is written, instead of the flow's own
CALLS = {  # of Argo CD's plugin
    "generate": "print the manifests of a folder's flows",
    "parameters": "announce the parameters of a folder's flows",
    "doctor": "rehearse what Argo CD does with a folder, and say what would fail",
}
REPORTS = ("text", "lines", "json", "sarif", "junit", "github", "gitlab", "markdown")
WIDTH = 100  # of help; asking the terminal costs more than a small render's own work


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, width=WIDTH)


def parser(version: str, asked: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line; with `asked`, only verbs that are in it get their flags."""
    top = argparse.ArgumentParser(
        prog="dragoman",
        description="One job spec, translated faithfully to the engine that runs it.",
        epilog="exit codes: 0 nothing to report, 1 findings, 2 could not do the work",
        allow_abbrev=False,
        formatter_class=_formatter,
    )
    top.add_argument("--version", action="version", version=f"dragoman {version}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        shown: Any = {"help": verb.help} if name not in HIDDEN else {}
        one = verbs.add_parser(name, description=verb.help, allow_abbrev=False, formatter_class=_formatter, **shown)
        if asked is not None and name not in asked:
            continue
        verb.flags(one)
        if verb.flags is not _cmp:  # whose own verbs have them
            _messages(one)
    return top


def _messages(one: argparse.ArgumentParser) -> None:
    one.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    one.add_argument("-v", "--verbose", action="store_true", help="say more")
    one.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="color messages (default: on a terminal)",
    )


class _RunId(argparse.Action):
    """Kept as it is, and an option of the target that renders it."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        namespace.run_id = values
        namespace.set = [*(namespace.set or ()), f"targets.kubernetes.runId={values!r}"]


def _inputs(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="specs, folders of specs, or - for standard input (default: the repository's, else .)",
    )
    one.add_argument(
        "-t",
        "--target",
        action="append",
        metavar="TARGET",
        help="the engine, instead of the flow's own `target`; may repeat",
    )
    one.add_argument("--env", default="", metavar="ENV", help="an environment of the flow")
    one.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="a value of the spec, for example params.rows=500; may repeat",
    )
    one.add_argument(
        "--with",
        dest="floors",
        action="append",
        default=[],
        metavar="TARGET:KEY=AMOUNT",
        help="at least so much for steps that say nothing themselves, for example batch:cpu=8,memory=32Gi; may repeat",
    )
    one.add_argument(
        "--run-id",
        default="",
        action=_RunId,
        metavar="ID",
        help="part of the hash in the names of Jobs: another one runs everything again; of a run: its name's ending",
    )
    one.add_argument("--policy", action="append", default=[], metavar="FILE", help="a policy file; may repeat")
    one.add_argument("--strict", action="store_true", help="a weaker translation is an error")
    one.add_argument(
        "--fail-on",
        choices=("error", "warning"),
        default="error",
        help="what makes the exit code 1 (default: error)",
    )
    one.add_argument(
        "--root", default="", metavar="DIR", help="read nothing outside this folder (default: the repository)"
    )
    jsonnet = one.add_argument_group("Jsonnet")
    jsonnet.add_argument("--ext-str", action="append", default=[], metavar="NAME=TEXT", help="an external variable")
    jsonnet.add_argument(
        "--ext-code", action="append", default=[], metavar="NAME=CODE", help="an external variable, as code"
    )
    jsonnet.add_argument("--tla-str", action="append", default=[], metavar="NAME=TEXT", help="a top-level argument")
    jsonnet.add_argument(
        "--tla-code", action="append", default=[], metavar="NAME=CODE", help="a top-level argument, as code"
    )
    jsonnet.add_argument(
        "--jsonnet-engine",
        choices=("rjsonnet", "jsonnet"),
        default="rjsonnet",
        help="what evaluates Jsonnet (default: rjsonnet)",
    )


def _render(one: argparse.ArgumentParser) -> None:
    _inputs(one)
    one.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        help="a folder for the manifests, or - for standard output (default: the repository's, else -)",
    )
    one.add_argument(
        "--format",
        choices=(*WRITTEN, *FORMS),
        default="yaml",
        help="how they are written, yaml (default) or json; or another form of them, written as yaml: of the target "
        "batch, the inputs of AWS's api, crossplane objects, a cloudformation template, iam policies, or a submit-plan "
        "(as JSON: --set targets.batch.format=FORM --format json)",
    )
    one.add_argument("--check", action="store_true", help="write nothing: fail when the folder of -o is stale")
    many = one.add_argument_group("Many specs")
    many.add_argument(
        "-j", "--jobs", type=_count, metavar="N", help="so many processes at most (default: as there are processors)"
    )
    many.add_argument(
        "--cache",
        metavar="DIR",
        help="keep results here, and take what is known from here (default: $DRAGOMAN_CACHE; from 50 specs on, "
        "~/.cache/dragoman)",
    )
    many.add_argument("--no-cache", action="store_true", help="keep nothing, and take nothing that was kept")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of processes: at least 1")
    return int(text)


def _check(one: argparse.ArgumentParser) -> None:
    _inputs(one)
    one.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="where the report goes (default: standard output)"
    )
    one.add_argument(
        "--format",
        choices=REPORTS,
        default="text",
        help="how it is written (default: text)",
    )
    one.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="the same in another format, into a file; may repeat",
    )
    one.add_argument(
        "--together", action="store_true", help="flows of one namespace share its quotas: they may all run at one time"
    )
    one.add_argument(
        "--policy-tests", action="store_true", help="run the tests of policies (*.policy-test.yaml) instead of flows"
    )
    one.add_argument(
        "--link-base",
        default="",
        metavar="URL",
        help="what the links of a markdown report begin with (default: they are relative to the repository)",
    )
    mend = one.add_argument_group("Fixes")
    mend.add_argument("--fix", action="store_true", help="mend in the specs what can be mended, then check")
    mend.add_argument(
        "--diff", action="store_true", help="print what --fix would change, and write nothing (exit code 1: something)"
    )
    known = one.add_argument_group("Exemptions and baseline")
    known.add_argument(
        "--now", default="", metavar="DATE", help="the day for which exemptions must hold (default: today, in UTC)"
    )
    known.add_argument(
        "--baseline", default="", metavar="FILE", help="findings that it has do not count (default: the repository's)"
    )
    known.add_argument("--update-baseline", action="store_true", help="write the baseline: what is gone leaves it")
    known.add_argument("--accept-new", action="store_true", help="what is new goes into the baseline, too")


def _diff(one: argparse.ArgumentParser) -> None:
    _inputs(one)
    one.add_argument(
        "--base",
        default="HEAD",
        metavar="REV",
        help="what to compare with, where its history and HEAD's part (default: HEAD, so what is not committed)",
    )
    one.add_argument("--summary", action="store_true", help="leave out the texts of the manifests")
    one.add_argument("--exit-zero", action="store_true", help="differences are no reason for exit code 1")
    one.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="where the result goes (default: standard output)"
    )
    one.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", help="how it is written (default: text)"
    )


def _run(one: argparse.ArgumentParser) -> None:
    _inputs(one)
    one.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a `runtime` parameter of this run; may repeat",
    )
    one.add_argument("--detach", action="store_true", help="print the run's name, and do not follow it")
    one.add_argument("--stop-on-interrupt", action="store_true", help="Ctrl-C stops the run, not only its progress")
    here = one.add_argument_group("This machine")
    here.add_argument(
        "--from",
        dest="from_step",
        default="",
        metavar="STEP",
        help="go on with the last run: this step and what depends on it run again, what else succeeded is kept",
    )
    here.add_argument("--container", action="store_true", help="steps are containers, not processes")
    here.add_argument(
        "--engine", default="", metavar="NAME", help="what runs the containers (default: docker, else podman)"
    )
    clusters = one.add_argument_group("Clusters")
    clusters.add_argument("--namespace", default="", metavar="NAME", help="where it runs (default: the flow's own)")
    way = clusters.add_mutually_exclusive_group()
    way.add_argument(
        "--context", default="", metavar="NAME", help="a context of the kubeconfig (default: its current one)"
    )
    way.add_argument(
        "--server", default="", metavar="URL", help="an Argo Server instead; its token is the variable ARGO_TOKEN"
    )
    clusters.add_argument(
        "--from-template",
        action="store_true",
        help="start it from Argo's template in the cluster, not from these files",
    )
    aws = one.add_argument_group("AWS")
    aws.add_argument("--region", default="", metavar="NAME", help="where it runs (default: the flow's own)")
    aws.add_argument("--profile", default="", metavar="NAME", help="a profile of ~/.aws (default: as AWS's own tools)")
    aws.add_argument(
        "--endpoint-url", default="", metavar="URL", help="another AWS, on this machine say (also AWS_ENDPOINT_URL)"
    )


def _cmp(one: argparse.ArgumentParser) -> None:
    calls = one.add_subparsers(dest="call", metavar="CALL", required=True)
    for name, about in CALLS.items():
        call = calls.add_parser(name, help=about, description=about, allow_abbrev=False, formatter_class=_formatter)
        call.add_argument(
            "path",
            nargs="?",
            default="",
            metavar="PATH",
            help="the application's folder (default: this one; with --app, the one that it names)",
        )
        call.add_argument(
            "--app",
            default="",
            metavar="FILE",
            help="an Application: as Argo CD would call us for it, instead of what the environment says",
        )
        if name == "doctor":
            call.add_argument(
                "--exclude",
                action="append",
                default=[],
                metavar="GLOB",
                help="what Argo CD does not send, as `reposerver.plugin.tar.exclusions` says it; may repeat",
            )
            call.add_argument(
                "--steady", action="store_true", help="leave out what is another on each run: times and users"
            )
        _messages(call)


def _drive(one: argparse.ArgumentParser) -> None:
    one.add_argument("--plan", required=True, metavar="FILE", help="the plan, as the coordinator's ConfigMap has it")
    one.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="a `runtime` parameter; may repeat"
    )


def _carry(one: argparse.ArgumentParser) -> None:
    one.add_argument("files", nargs="*", metavar="NAME=PATH", help="an output and its file")


def _store(one: argparse.ArgumentParser) -> None:
    one.add_argument("files", nargs="*", metavar="NAME=PATH", help="an output and its file, which must be there")
    one.add_argument("--after", default="", metavar="CONTAINER", help="end as this container did, if it failed")
    one.add_argument(
        "--optional", action="append", default=[], metavar="NAME=PATH", help="one that may be missing; may repeat"
    )


def _init(one: argparse.ArgumentParser) -> None:
    one.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: .)")
    one.add_argument(
        "-t", "--target", default="", metavar="TARGET", help="the engine (default: the first of `targets`)"
    )
    one.add_argument(
        "--ci", choices=("github", "gitlab", "none"), default="github", help="whose files for CI (default: github)"
    )


def _schema(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--kind",
        choices=("Flow", "Library", "Policy", "PolicyTest"),
        help="the schema of one kind of document (default: all)",
    )
    one.add_argument("-o", "--output", default="-", metavar="FILE", help="where it goes (default: standard output)")


def _targets(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="one target: its features and options (default: all targets)",
    )
    one.add_argument("-o", "--output", default="-", metavar="FILE", help="where it goes (default: standard output)")
    one.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        default="text",
        help="how it is written (default: text)",
    )


def _codes(one: argparse.ArgumentParser) -> None:
    one.add_argument("code", nargs="?", metavar="CODE", help="one finding's code (default: all)")
    one.add_argument("-o", "--output", default="-", metavar="FILE", help="where it goes (default: standard output)")
    one.add_argument("--format", choices=("text", "markdown"), default="text", help="how it is written (default: text)")


VERBS = {
    "render": Verb("translate specs into manifests", "render", _render),
    "check": Verb("say what is wrong with specs, and how faithfully they translate", "check", _check),
    "diff": Verb("show what a change does to what is rendered", "diff", _diff),
    "init": Verb("begin a repository of flows: a flow, a policy, a Makefile, CI", "init", _init),
    "run": Verb("run a flow now, with its progress", "run", _run),
    "drive": Verb("go on with a run inside its cluster: what a coordinator does", "drive", _drive),
    "cmp": Verb("answer Argo CD's calls as its plugin, and rehearse them", "cmp", _cmp),
    "carry": Verb("hand on the outputs of a step inside its pod", "carry", _carry),
    "store": Verb("put the outputs of a step into S3, inside its job", "store", _store),
    "schema": Verb("print the JSON Schema of the spec, for editors", "schema", _schema),
    "targets": Verb("list targets, or what one can do", "targets", _targets),
    "codes": Verb("say what a finding's code means", "codes", _codes),
}
