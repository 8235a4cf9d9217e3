"""What each finding's code means. A code is never used for anything else, also after it is gone."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """A code's name (it reads well after "allow …"), and what to know about it, in a few sentences."""

    name: str
    explanation: str


CODES = {
    # load: files, YAML, Jsonnet
    "DRG001": Code("not-utf-8", "Specs are UTF-8 text. The finding names the first byte that is not."),
    "DRG002": Code("yaml-syntax", "The file is not YAML. The finding says in words what libyaml stumbled over, and where."),
    "DRG003": Code("control-character", "A letter that nobody can see, and that YAML does not allow, is in the file."),
    "DRG004": Code("duplicate-key", "A map has the same key twice. Most readers keep the last one in silence; dragoman keeps neither."),
    "DRG005": Code("non-text-key", "Keys of a spec are text. A number, a boolean or a list as a key is nearly always a slip."),
    "DRG006": Code("merge-key", "`<<` belongs to YAML 1.1; YAML 1.2 has no merge. Templates and `defaults` share settings between steps."),
    "DRG007": Code("too-large", "The input is beyond a bound that keeps hostile files harmless: bytes, depth, documents, aliases, values."),
    "DRG008": Code("empty-file", "There is nothing in the file but blanks and comments."),
    "DRG009": Code("unknown-tag", "Only YAML's own tags (`!!str`, `!!int`, …) have a meaning here."),
    "DRG010": Code("ambiguous-scalar", "YAML 1.1 tools (kubectl, Helm, Argo) and YAML 1.2 read this differently: `NO`, `on`, `1:30`, `0777`. Quotes say which is meant."),
    "DRG011": Code("unknown-alias", "A `*name` stands for no `&name` before it, or for a value that it is part of."),
    "DRG012": Code("unwritable-number", "No manifest can hold infinity, not-a-number, or an integer of more than 64 bits."),
    "DRG013": Code("unreadable-file", "A file cannot be opened, or is no regular file."),
    "DRG014": Code("no-spec", "There is no flow where one was looked for. In folders, specs are files that end in `.dragoman.yaml` or `.dragoman.jsonnet`."),
    "DRG015": Code("outside-the-repository", "Everything a flow reads must be in its repository, links followed. `--root` names another folder."),
    "DRG016": Code("missing-libyaml", "PyYAML was installed without its C extension, which reads specs fast and within bounds."),
    "DRG021": Code("jsonnet-error", "The Jsonnet program is wrong, or one of its own assertions failed."),
    "DRG022": Code("jsonnet-import-not-found", "An import names no file. Imports count from the importing file, then from `vendor/` at the root."),
    "DRG023": Code("jsonnet-import-outside", "An import leaves the repository."),
    "DRG024": Code("jsonnet-too-slow", "The Jsonnet program ran out of time. Evaluation has seconds, so that no program can hold up a sync."),
    "DRG025": Code("jsonnet-crash", "The Jsonnet program used more memory than evaluation may have, or brought its engine down."),
    "DRG026": Code("jsonnet-output", "What the Jsonnet program gives is too large, too deep, or no data."),
    "DRG027": Code("jsonnet-variable-missing", "The Jsonnet program asks for a value that the command line did not give: `--ext-str NAME=TEXT` or `--tla-str NAME=TEXT`."),
    "DRG028": Code("jsonnet-engine-missing", "The Jsonnet engine of `--jsonnet-engine` is not installed."),
    # spec: the shape of a document
    "DRG101": Code("not-a-spec", "The document is no flow, library or policy of this version."),
    "DRG102": Code("unknown-key", "The spec has no such key here. The finding offers the nearest one, or the place where the key belongs."),
    "DRG103": Code("missing-key", "A key that is required is not there."),
    "DRG104": Code("wrong-type", "A value is of another kind than its key takes."),
    "DRG105": Code("not-an-option", "A value is not one of the words its key takes."),
    "DRG106": Code("bad-value", "A value breaks its key's rule for letters, length or size."),
    "DRG107": Code("not-a-policy", "`--policy` names a file that holds something else."),
    # resolve: values, references, order
    "DRG111": Code("param-without-value", "A parameter has neither a default nor a value from an environment or `--set`."),
    "DRG112": Code("value-out-of-range", "A value does not fit its declared type, minimum, maximum or choice."),
    "DRG113": Code("unknown-environment", "The flow has no such environment."),
    "DRG114": Code("bad-argument", "An argument of the command line is not in the form it must have."),
    "DRG115": Code("not-a-library", "An imported file is not one document of `kind: Library`."),
    "DRG116": Code("unknown-template", "There is no template of that name, here or in the imported library."),
    "DRG117": Code("template-input", "`with` and the inputs of a template do not agree: a name, a type, or a value that is missing."),
    "DRG118": Code("conflicting-fields", "Two fields say two things about one matter, or none of several says anything: exactly one is needed."),
    "DRG119": Code("misplaced-field", "A field of a container on a group, or of a group on a container."),
    "DRG120": Code("missing-image", "Neither the step, its template nor the defaults say which image to run."),
    "DRG121": Code("bad-amount", "An amount of a resource is no quantity, or has no unit: is 4096 of memory MB or MiB?"),
    "DRG122": Code("limit-below-request", "A container may not be limited to less than it reserves; Kubernetes refuses such a pod."),
    "DRG123": Code("expression-in-script", "A value put into a program's text could become code. Values come in through `env`."),
    "DRG131": Code("unknown-need", "`needs` names a step that this graph does not have."),
    "DRG132": Code("cycle", "Steps wait for each other. Reading an output is waiting, too."),
    "DRG133": Code("need-inside-group", "A step outside of a group cannot wait for one inside: it waits for the group."),
    "DRG135": Code("unreachable-need", "A step runs only when another failed, and reads what only its success produces."),
    "DRG136": Code("same-name-after-slug", "Two steps would have one name in the engine, whose names are lower case and without `_`."),
    "DRG137": Code("shortened-name", "A name is longer than the engine takes. It keeps its start and gets a hash of the whole, the same in every render."),
    # expressions
    "DRG201": Code("expression-syntax", "An expression cannot be read."),
    "DRG202": Code("unknown-name", "An expression names a parameter, step, output or field that is not there."),
    "DRG203": Code("type-mismatch", "An expression joins values of types that do not go together, or gives another type than its place takes."),
    "DRG204": Code("name-not-known-here", "The name exists, but has no value where the expression stands."),
    "DRG205": Code("evaluation-failed", "An expression whose values are all known at render cannot be computed."),
    # targets
    "DRG301": Code("refused", "The target cannot do what the field asks for, not even nearly. Nothing is rendered."),
    "DRG302": Code("weaker", "The target does nearly what the field asks for. `accept` says that this is fine; `--strict` makes it an error."),
    "DRG303": Code("unknown-target", "No emitter has that name, or the package that has it does not load."),
    "DRG304": Code("inexpressible", "The target's own expressions cannot say this one, or its syntax gets in the way of a text."),
    "DRG305": Code("unknown-feature", "`accept` names a feature that does not exist."),
    "DRG306": Code("patch-does-not-fit", "A patch of `targets.<name>.patch` is for none of the objects, or its path is not there."),
    # policies
    "DRG401": Code("unknown-accelerator", "No policy says how this kind of GPU is asked for."),
    "DRG402": Code("accelerator-without-gpu", "A step names a kind of GPU and asks for none."),
    "DRG403": Code("incomparable-amounts", "The larger of two amounts cannot be taken while one of them is known only at run time."),
    "DRG404": Code("two-accelerators", "A step and its block for the target name two kinds of GPU, and neither is the larger."),
    # manifests
    "DRG501": Code("too-many", "Argo 4's full CRDs limit templates, tasks and inputs. A cluster with the minimal CRDs does not."),
    "DRG502": Code("too-large-for-client-side-apply", "Client-side apply keeps a copy of the object in an annotation of at most 256 KiB."),
    "DRG503": Code("too-large-for-the-engine", "The engine, or etcd behind it, does not store an object of this size."),
    "DRG504": Code("too-long-argument", "Linux takes at most 128 KiB in one argument or variable."),
    "DRG505": Code("bad-schedule", "The engine's scheduler does not read this cron expression."),
    "DRG506": Code("argument-mismatch", "A task's arguments are not the inputs of the template it calls; the engine would not say so."),
    "DRG511": Code("not-accepted", "Kubernetes' own validation would refuse the object. The finding names the field, and the step it comes from."),
    "DRG507": Code("same-file", "Two manifests would be written to one file."),
    "DRG508": Code("cannot-write", "A file or folder for the result cannot be written."),
    # runs
    "DRG601": Code("client-missing", "The client of the engine is not installed. `pip install 'dragoman[argo]'` or `'dragoman[kubernetes]'` brings it."),
    "DRG602": Code("no-cluster", "A kubeconfig, context, server address or namespace is missing or unusable. `--context`, `--server` and `--namespace` name them."),
    "DRG603": Code("unreachable", "The API does not answer, or not as the engine does. Look at the address, the network, the certificates."),
    "DRG604": Code("unauthorized", "The API does not know who you are. Log in again, or set ARGO_TOKEN."),
    "DRG605": Code("forbidden", "You may not do this in that namespace. `docs/run.md` lists the rights that a run needs."),
    "DRG606": Code("nothing-there", "The namespace does not exist, or the cluster has no Argo Workflows."),
    "DRG607": Code("workflow-refused", "Argo or Kubernetes refuses the object, and the finding says why. Often the cluster's Argo is older than `targets.argo.version`."),
    "DRG608": Code("run-gone", "The run was deleted while it was followed. What became of it is not known."),
    "DRG609": Code("api-failing", "The API failed, or is overloaded. Before a second try, look whether the run was started."),
    "DRG610": Code("no-template", "`--from-template` needs a template, and the flow renders a Workflow."),
    "DRG611": Code("not-a-run-parameter", "`--param` names a parameter that is unknown, or settled at render. `--set` is for those."),
    "DRG612": Code("interrupted", "Ctrl-C ended the progress. The finding says whether the run goes on, and how to follow or stop it."),
    "DRG613": Code("one-flow-only", "`dragoman run` runs one flow on one target."),
    "DRG621": Code("run-refused", "Kubernetes refuses the ConfigMap that stands for a run, and the finding says why."),
    "DRG622": Code("run-deleted", "Somebody deleted the run while it was driven. Its Jobs are deleted with it, and nothing new starts."),
    "DRG623": Code("unreadable-plan", "The coordinator's plan is not there, or another version of dragoman wrote it. Render the flow again, with the version of the coordinator's image."),
    "DRG624": Code("no-coordinator", "`dragoman drive` is for the coordinator's pod, whose manifest tells it which run it is."),
    "DRG625": Code("not-with-this-target", "A flag that means nothing on this target. The finding says what to do instead."),
    "DRG626": Code("another-plan", "`--run-id` names a run of another plan. A run goes on with the plan it began with."),
    "DRG627": Code("plan-too-large", "A ConfigMap holds 1 MiB, the plan and all scripts together."),
    "DRG631": Code("no-earlier-run", "`--from` goes on with the last run of this flow in this folder, and there is none. Run it once without."),
    "DRG632": Code("no-such-step", "`--from` names a step that the flow does not have. A step of a group is named with it: `shards.train`."),
    "DRG633": Code("kept-output", "A kept step's output of an earlier run is not what the step now declares. Go on from that step instead."),
    "DRG634": Code("changed-since", "A step that `--from` keeps is no longer what ran: its outputs are those of the earlier run. Go on from that step to run it again."),
    "DRG635": Code("no-engine", "`--container` needs Docker or Podman, and none is there, or it does not answer. Without `--container` steps are processes."),
    "DRG636": Code("only-here", "The flag belongs to runs on this machine. Say `--target local`."),
}  # fmt: skip
