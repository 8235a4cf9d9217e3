// Flows, libraries and policies in Jsonnet. Generated from the spec's models: do not edit.
//
//   local d = import 'dragoman.libsonnet';
//
//   d.flow('train', namespace='ml')
//   + d.params({ rows: { type: 'int', default: 1000 } })
//   + d.steps({
//     prepare: d.step('python:3.12', ['python', 'prepare.py']) + d.resources(cpu=2, memory='4Gi'),
//     train: d.step('python:3.12', ['python', 'train.py']) + d.needs(['prepare']),
//   })
//
// There is one function for each field. What they give is merged with `+`: maps are joined, other
// values are replaced. So a flow can be changed later:
//
//   flow + d.timeout('12h') + { steps+: { train+: d.resources(memory='8Gi') } }

local given(fields) = {
  [name]: fields[name]
  for name in std.objectFields(fields)
  if fields[name] != null && fields[name] != {}
};

local expr(text) = '${{ ' + text + ' }}';

local document(kind, name, namespace) = {
  apiVersion: 'dragoman.dev/v1alpha1',
  kind: kind,
} + if name == null then {} else {
  local fields = self,
  metadata: given({
    name: name,
    namespace: namespace,
    labels: fields.labels,
    annotations: fields.annotations,
  }),
  labels:: {},
  annotations:: {},
};

{
  // One flow: parameters, steps, their order.
  flow(name, namespace=null):: document('Flow', name, namespace) + {
    local fields = self,
    spec: given({
      target: fields.target,
      queue: fields.queue,
      schedule: fields.schedule,
      parallelism: fields.parallelism,
      timeout: fields.timeout,
      failFast: fields.failFast,
      params: fields.params,
      defaults: fields.defaults,
      imports: fields.imports,
      templates: fields.templates,
      steps: fields.steps,
      onExit: fields.onExit,
      targets: fields.targets,
      environments: fields.environments,
    }),
    target:: null,
    queue:: null,
    schedule:: {},
    parallelism:: null,
    timeout:: null,
    failFast:: null,
    params:: {},
    defaults:: {},
    imports:: {},
    templates:: {},
    steps:: {},
    onExit:: {},
    targets:: {},
    environments:: {},
  },

  // A file of templates, for `spec.imports`.
  library(name=null):: document('Library', name, null) + {
    local fields = self,
    spec: given({
      templates: fields.templates,
    }),
    templates:: {},
  },

  // One policy.
  policy(name):: document('Policy', name, null) + {
    local fields = self,
    spec: given({
      extends: fields.extends,
      match: fields.match,
      defaults: fields.defaults,
      accelerators: fields.accelerators,
      merge: fields.merge,
      limits: fields.limits,
      max: fields.max,
      min: fields.min,
      quota: fields.quota,
      quotaFrom: fields.quotaFrom,
      values: fields.values,
      rules: fields.rules,
      exemptions: fields.exemptions,
      overridable: fields.overridable,
    }),
    extends:: null,
    match:: {},
    defaults:: {},
    accelerators:: {},
    merge:: {},
    limits:: {},
    max:: null,
    min:: null,
    quota:: null,
    quotaFrom:: null,
    values:: {},
    rules:: null,
    exemptions:: null,
    overridable:: null,
  },

  // One unit of work.
  step(image=null, command=null):: given({ image: image, command: command }),

  // A step that is a graph of its own.
  group(steps):: { steps: steps },

  // A step's body under a name.
  template(image=null, command=null):: given({ image: image, command: command }),

  // The body of a step: a template's name, and its inputs.
  use(template, with={}):: { use: template } + given({ with: with }),

  // An expression inside a string: `d.expr('params.rows / 100')` is '${{ params.rows / 100 }}'.
  expr(text):: expr(text),

  // What another step handed on: `d.output('plan', 'items')` is '${{ steps.plan.outputs.items }}'.
  output(step, name):: expr('steps.' + step + '.outputs.' + name),

  // The engine it is translated for, when the command line does not say.
  target(value):: { target: value },

  // In a flow: The queue of every step that names none: a Kueue LocalQueue, an AWS Batch job queue.
  // In a step or template: The queue it waits in: a Kueue LocalQueue, an AWS Batch job queue.
  queue(value):: { queue: value },

  // When the flow runs by itself.
  //   cron              One cron expression of five fields, or several.
  //   timezone          An IANA time zone; UTC when absent.
  //   concurrency       What happens when the last run is not over; Forbid when absent.
  //   startingDeadline  How late a missed run may still start.
  //   suspend           Whether the schedule is paused.
  //   history           How many finished runs are kept, of each kind.
  schedule(
    cron, timezone=null, concurrency=null, startingDeadline=null, suspend=null, history=null,
  ):: { schedule+: given({
    cron: cron, timezone: timezone, concurrency: concurrency, startingDeadline: startingDeadline,
    suspend: suspend, history: history,
  }) },

  // In a flow: How many containers may run at once.
  // In a step: Group only: how many of its steps may run at once.
  parallelism(value):: { parallelism: value },

  // In a flow: The longest a whole run may take.
  // In a step or template: The longest one attempt may take.
  timeout(value):: { timeout: value },

  // In a flow: false lets independent branches go on after a failure.
  // In a step: Group only: false lets independent branches go on after a failure.
  failFast(value):: { failFast: value },

  // Values the flow is written in terms of.
  params(value):: { params+: value },

  // In a flow: The lowest layer: fills what steps and templates leave open.
  // In a policy: Values for what a flow leaves open.
  defaults(value):: { defaults+: value },

  // Files whose templates are used as `<name>.<template>`, relative to this one.
  imports(value):: { imports+: value },

  // Step bodies under a name.
  templates(value):: { templates+: value },

  // In a flow: The work.
  // In a step: Makes this a group: its own steps.
  steps(value):: { steps+: value },

  // Steps that run when the flow is over, whatever became of it.
  onExit(value):: { onExit+: value },

  // In a flow: Settings that exist on one target only; `dragoman targets NAME` lists them.
  // In a step or template: What holds for one target only.
  targets(value):: { targets+: value },

  // Changes to this spec, chosen with `--env`: merged over it by key, null deletes.
  environments(value):: { environments+: value },

  // The layers above this one: files, counted from this file, or `pack:` and the name of a shipped
  // pack.
  extends(value):: { extends: value },

  // Which flows it is for.
  //   namespaces  Patterns of namespaces.
  //   targets     Targets.
  //   labels      Labels the flow must have.
  match(
    namespaces=null, targets=null, labels=null,
  ):: { match+: given({
    namespaces: namespaces, targets: targets, labels: labels,
  }) },

  // The kinds of GPU a flow may name.
  accelerators(value):: { accelerators+: value },

  // How explicit amounts are merged.
  merge(value):: { merge+: value },

  // What a missing limit becomes.
  //   memory  The limit of memory; the request, when absent.
  //   cpu     The limit of cores; none, when absent.
  //   disk    The limit of scratch disk; none, when absent.
  limits(
    memory=null, cpu=null, disk=null,
  ):: { limits+: given({
    memory: memory, cpu: cpu, disk: disk,
  }) },

  // The most a step may have; the smallest of several counts.
  max(value):: { max: value },

  // The least a step must have; the largest of several counts.
  min(value):: { min: value },

  // The most a flow may hold at one time.
  quota(value):: { quota: value },

  // Files that the cluster (ResourceQuota, LimitRange, Kueue) or AWS (compute environments)
  // enforces.
  quotaFrom(value):: { quotaFrom: value },

  // Constants of the rules, `policy.values.NAME`; a lower layer may set them if `overridable` lists
  // them.
  values(value):: { values+: value },

  // What must be true.
  rules(value):: { rules: value },

  // Who need not obey what.
  exemptions(value):: { exemptions: value },

  // What a lower layer may loosen: `limits`, `limits.cpu`, `values.NAME`, `exemptions`.
  overridable(value):: { overridable: value },

  // In a document: Copied to every emitted object (AWS Batch: tags).
  // In a step or template: Labels of the pod.
  labels(value):: { labels+: value },

  // In a document: Copied to every emitted top-level object.
  // In a step or template: Annotations of the pod.
  annotations(value):: { annotations+: value },

  // The container image.
  image(value):: { image: value },

  // When the image is pulled.
  imagePullPolicy(value):: { imagePullPolicy: value },

  // The entrypoint, as in Kubernetes.
  command(value):: { command: value },

  // Arguments of the entrypoint, as in Kubernetes.
  args(value):: { args: value },

  // A program in the spec, instead of `command`.
  //   interpreter  The command that runs the file.
  //   source       The program's text.
  script(
    interpreter, source,
  ):: { script+: given({
    interpreter: interpreter, source: source,
  }) },

  // The directory the command starts in.
  workingDir(value):: { workingDir: value },

  // Environment variables; null takes away what a lower layer set.
  env(value):: { env+: value },

  // Directories mounted into the container.
  volumes(value):: { volumes: value },

  // What the container needs.
  //   cpu          Cores: `2`, `0.5`, `500m`.
  //   memory       Bytes with a unit: `4Gi`, `60000Mi`. A bare number is refused: MB or MiB?
  //   gpu          Whole GPUs.
  //   disk         Scratch disk of the container, bytes with a unit.
  //   shm          Size of /dev/shm, bytes with a unit; it counts as memory.
  //   accelerator  The kind of GPU, a name from the platform's policy (`nvidia-l4`).
  //   requests     What the scheduler reserves.
  //   limits       What the container may not exceed.
  //   bounds       The largest amounts that expressions may give: policy and quota count with them
  //                before the run.
  resources(
    cpu=null, memory=null, gpu=null, disk=null, shm=null, accelerator=null, requests=null,
    limits=null, bounds=null,
  ):: { resources+: given({
    cpu: cpu, memory: memory, gpu: gpu, disk: disk, shm: shm, accelerator: accelerator,
    requests: requests, limits: limits, bounds: bounds,
  }) },

  // What happens when an attempt fails.
  //   limit     Retries after the first attempt.
  //   backoff   The wait between attempts.
  //   causes    What is worth a retry: `error`, `oom`, `spot`, or exit codes. All of them, when
  //             absent.
  //   escalate  Resources that grow with each retry.
  retry(
    limit=null, backoff=null, causes=null, escalate=null,
  ):: { retry+: given({
    limit: limit, backoff: backoff, causes: causes, escalate: escalate,
  }) },

  // Where the container runs, when not on the flow's target.
  compute(value):: { compute: value },

  // The Kubernetes service account of the pod.
  serviceAccount(value):: { serviceAccount: value },

  // For people.
  description(value):: { description: value },

  // The template's inputs.
  with(value):: { with+: value },

  // Steps that come first; as a map, with what must have become of them.
  needs(value):: { needs: value },

  // In a step: Runs only if this is true; a skipped step satisfies `needs`.
  // In a template: Runs only if this is true.
  when(value):: { when: value },

  // Runs once for each item.
  //   in_          The items: a list, or an expression that gives one.
  //   range        A count: the items are 0, 1, … count-1.
  //   matrix       Every combination of the named lists; the item is a map with one field a list.
  //   as           The item's name in expressions; `item` when absent.
  //   parallelism  How many may run at once.
  //   maxItems     The largest number of items expected; quotas count with it before the run.
  //   tolerate     How many items may fail without failing the step (`all`, or a number); their
  //                outputs are null.
  foreach(
    in_=null, range=null, matrix=null, as=null, parallelism=null, maxItems=null, tolerate=null,
  ):: { foreach+: given({
    'in': in_, range: range, matrix: matrix, as: as, parallelism: parallelism, maxItems: maxItems,
    tolerate: tolerate,
  }) },

  // In a step: What the step hands on; for a group, expressions over its steps' outputs.
  // In a template: What the step hands on.
  outputs(value):: { outputs+: value },

  // What `with` may give.
  inputs(value):: { inputs+: value },
}
