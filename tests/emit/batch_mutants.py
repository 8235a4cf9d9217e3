"""Job definitions, submissions and state machines with one thing changed, and what is wrong with them.

A mutant without a fragment is right. The other columns say who else sees the mistake, for tests that ask them:
`botocore` is the ParamValidator with a look at enums and maxima, `moto` is its parser of the Amazon States Language,
`lint` is cfn-lint. `aws` is False where AWS takes it though something fails later: there the judge is stricter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from emit.objects import DROP, changed

ROLE = "arn:aws:iam::123456789012:role/job"
LICENCE = "arn:aws:batch:eu-west-1:123456789012:consumable-resource/licence"
SIZE = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
EC2: dict[str, Any] = {
    "jobDefinitionName": "nightly-plan",
    "type": "container",
    "platformCapabilities": ["EC2"],
    "parameters": {"day": "monday"},
    "schedulingPriority": 7,
    "retryStrategy": {
        "attempts": 3,
        "evaluateOnExit": [
            {"onStatusReason": "Host EC2*", "action": "RETRY"},
            {"onExitCode": "137", "action": "RETRY"},
            {"onReason": "*", "action": "EXIT"},
        ],
    },
    "timeout": {"attemptDurationSeconds": 3600},
    "propagateTags": True,
    "tags": {"team": "ada", "a b/c": ""},
    "consumableResourceProperties": {"consumableResourceList": [{"consumableResource": LICENCE, "quantity": 1}]},
    "containerProperties": {
        "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.4",
        "command": ["python", "plan.py", "Ref::day"],
        "jobRoleArn": ROLE,
        "executionRoleArn": ROLE,
        "environment": [{"name": "REGION", "value": "eu"}, {"name": "EMPTY", "value": ""}],
        "secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:eu-west-1:123456789012:parameter/token"}],
        "resourceRequirements": [*SIZE, {"type": "GPU", "value": "1"}],
        "volumes": [
            {"name": "tmp", "host": {"sourcePath": "/tmp"}},
            {
                "name": "shared",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-1",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
                },
            },
        ],
        "mountPoints": [
            {"sourceVolume": "tmp", "containerPath": "/tmp"},
            {"sourceVolume": "shared", "containerPath": "/shared", "readOnly": True},
        ],
        "linuxParameters": {
            "sharedMemorySize": 64,
            "maxSwap": 100,
            "swappiness": 10,
            "devices": [{"hostPath": "/dev/fuse", "permissions": ["READ"]}],
            "tmpfs": [{"containerPath": "/scratch", "size": 64, "mountOptions": ["rw", "mode=1777"]}],
        },
        "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "jobs"}},
        "privileged": False,
    },
}
FARGATE: dict[str, Any] = {
    "jobDefinitionName": "small",
    "type": "container",
    "platformCapabilities": ["FARGATE"],
    "containerProperties": {
        "image": "busybox",
        "command": ["true"],
        "executionRoleArn": ROLE,
        "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
        "networkConfiguration": {"assignPublicIp": "DISABLED"},
        "fargatePlatformConfiguration": {"platformVersion": "1.4.0"},
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
        "ephemeralStorage": {"sizeInGiB": 100},
        "volumes": [{"name": "shared", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        "linuxParameters": {"initProcessEnabled": True},
    },
}
ECS: dict[str, Any] = {
    "jobDefinitionName": "two",
    "type": "container",
    "platformCapabilities": ["FARGATE"],
    "ecsProperties": {
        "taskProperties": [
            {
                "executionRoleArn": ROLE,
                "taskRoleArn": ROLE,
                "platformVersion": "LATEST",
                "volumes": [{"name": "shared"}],
                "containers": [
                    {
                        "name": "stage",
                        "image": "busybox",
                        "essential": False,
                        "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
                        "mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared"}],
                    },
                    {
                        "name": "main",
                        "image": "busybox",
                        "dependsOn": [{"containerName": "stage", "condition": "SUCCESS"}],
                        "resourceRequirements": [
                            {"type": "VCPU", "value": "0.75"},
                            {"type": "MEMORY", "value": "1536"},
                        ],
                        "mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared"}],
                        "stopTimeout": 30,
                    },
                ],
            }
        ]
    },
}
EKS: dict[str, Any] = {
    "jobDefinitionName": "pod",
    "type": "container",
    "eksProperties": {
        "podProperties": {
            "hostNetwork": False,
            "containers": [
                {
                    "name": "main",
                    "image": "busybox",
                    "imagePullPolicy": "Always",
                    "env": [{"name": "A", "value": "b"}],
                    "resources": {
                        "limits": {"memory": "64Mi", "cpu": "0.25"},
                        "requests": {"memory": "64Mi", "cpu": "0.25"},
                    },
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
        }
    },
}
NODES: dict[str, Any] = {
    "jobDefinitionName": "many",
    "type": "multinode",
    "nodeProperties": {
        "numNodes": 4,
        "mainNode": 0,
        "nodeRangeProperties": [
            {"targetNodes": "0:0", "container": {"image": "a", "instanceType": "p3", "resourceRequirements": SIZE}},
            {"targetNodes": "1:", "container": {"image": "a", "instanceType": "p3", "resourceRequirements": SIZE}},
        ],
    },
}
SUBMIT: dict[str, Any] = {
    "JobName": "plan",
    "JobQueue": "arn:aws:batch:eu-west-1:123456789012:job-queue/main",
    "JobDefinition": "nightly-plan",
    "ShareIdentifier": "team*",
    "SchedulingPriorityOverride": 9,
    "ArrayProperties": {"Size": 10},
    "DependsOn": [{"JobId": "{% $before %}", "Type": "N_TO_N"}],
    "Parameters": {"day": "{% $states.input.day %}"},
    "ContainerOverrides": {
        "Environment": [{"Name": "DRAGOMAN_ITEM", "Value": "{% $string($states.input) %}"}],
        "ResourceRequirements": [{"Type": "MEMORY", "Value": "{% $memory %}"}],
    },
    "RetryStrategy": {"Attempts": "{% $tries %}"},
    "Timeout": {"AttemptDurationSeconds": 60},
    "Tags": {"run": "{% $states.context.Execution.Name %}"},
}
CALL = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync"}
JOB = {"JobName": "a", "JobQueue": "q", "JobDefinition": "nightly-plan"}
AGAIN = [
    {
        "ErrorEquals": ["Batch.AWSBatchException", "Batch.ServerException"],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxAttempts": 10,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }
]
MACHINE: dict[str, Any] = {
    "Comment": "every kind of state",
    "QueryLanguage": "JSONata",
    "StartAt": "begin",
    "TimeoutSeconds": 86400,
    "States": {
        "begin": {"Type": "Pass", "Assign": {"run": "{% $states.context.Execution.Name %}"}, "Next": "plan"},
        "plan": {
            **CALL,
            "Arguments": {**JOB, "ArrayProperties": {"Size": 3}},
            "TimeoutSeconds": 3600,
            "Retry": AGAIN,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"failure": "{% $states.errorOutput %}"}, "Next": "cleanup"}],
            "Next": "read",
        },
        "read": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Arguments": {"Bucket": "b", "Key": "{% 'runs/' & $run & '/plan.json' %}"},
            "Assign": {"items": "{% $parse($states.result.Body) %}"},
            "Output": "{% $states.input %}",
            "Next": "each",
        },
        "each": {
            "Type": "Map",
            "Items": "{% $items %}",
            "MaxConcurrency": 5,
            "ItemSelector": {"item": "{% $states.context.Map.Item.Value %}"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "one",
                "States": {
                    "one": {
                        **CALL,
                        "Arguments": {
                            **JOB,
                            "ContainerOverrides": {"Environment": [{"Name": "RUN", "Value": "{% $run & $string($states.input.item) %}"}]},
                        },
                        "Assign": {"done": True},
                        "End": True,
                    }
                },
            },
            "Output": "{% $count($states.result) %}",
            "Next": "far",
        },
        "far": {
            "Type": "Map",
            "Items": [1, 2],
            "Label": "far",
            "ToleratedFailureCount": 1,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "distant",
                "States": {"distant": {**CALL, "Arguments": JOB, "End": True}},
            },
            "Next": "both",
        },
        "both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "left", "States": {"left": {"Type": "Wait", "Seconds": 1, "End": True}}},
                {"StartAt": "right", "States": {"right": {"Type": "Succeed", "Output": {"a": "{% $run %}"}}}},
            ],
            "Next": "enough",
        },
        "enough": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% ($n := $count($items); $n > 1 and $map([1], function($x) { $x + 1 }) = 2) %}", "Next": "good"}],
            "Default": "cleanup",
        },
        "cleanup": {**CALL, "Arguments": "{% $merge([{'JobName': 'a'}, {}]) %}", "Next": "bad"},
        "good": {"Type": "Succeed"},
        "bad": {"Type": "Fail", "Error": "{% 'Pipeline' & 'Failed' %}", "Cause": "a step failed"},
    },
}  # fmt: skip

Path = tuple[str | int, ...]


class Mutant(NamedTuple):
    """A changed body, a part of what is said of it, and where; and who else says it."""

    name: str
    kind: str  # definition, submission or machine
    body: dict[str, Any]
    fragment: str | None = None
    pointer: Path = ()
    aws: bool = True
    botocore: bool = False
    moto: bool = False
    lint: bool = False


def _of(kind: str, base: dict[str, Any], name: str, path: Path, value: Any, fragment: str | None, more: Any) -> Mutant:
    pointer = more.pop("pointer", path)
    return Mutant(name, kind, changed(base, (path, value)), fragment, pointer, **more)


def ec2(name: str, path: Path, value: Any, fragment: str | None = None, **more: Any) -> Mutant:
    """The definition for EC2 with one value changed; what is wrong is at that place, unless another is named."""
    return _of("definition", EC2, name, path, value, fragment, more)


def of(base: dict[str, Any], name: str, path: Path, value: Any, fragment: str | None = None, **more: Any) -> Mutant:
    """Another definition."""
    return _of("definition", base, name, path, value, fragment, more)


def job(name: str, path: Path, value: Any, fragment: str | None = None, **more: Any) -> Mutant:
    """The submission."""
    return _of("submission", SUBMIT, name, path, value, fragment, more)


def run(name: str, path: Path, value: Any, fragment: str | None = None, **more: Any) -> Mutant:
    """The machine."""
    return _of("machine", MACHINE, name, path, value, fragment, more)


BOX, RETRY, LINUX = ("containerProperties",), ("retryStrategy",), ("containerProperties", "linuxParameters")
EXITS, ENV, ASKED = (*RETRY, "evaluateOnExit"), (*BOX, "environment"), (*BOX, "resourceRequirements")
EFS = (*BOX, "volumes", 1, "efsVolumeConfiguration")
TASK: Path = ("ecsProperties", "taskProperties", 0)
STAGE, MAIN = (*TASK, "containers", 0), (*TASK, "containers", 1)
POD: Path = ("eksProperties", "podProperties")
RANGES: Path = ("nodeProperties", "nodeRangeProperties")
LONG = "x" * 129
BOTO = {"botocore": True}

RIGHT = [
    *(Mutant(f"right: {body['jobDefinitionName']}", "definition", body) for body in (EC2, FARGATE, ECS, EKS, NODES)),
    Mutant("right: submission", "submission", SUBMIT),
    Mutant("right: machine", "machine", MACHINE),
    ec2("one attempt", RETRY, {"attempts": 1}),
    ec2("exits only", EXITS, [{"onExitCode": "1", "action": "EXIT"}]),
    ec2("all else retried, as it says", (*EXITS, 2, "action"), "RETRY"),
    ec2("longest name", ("jobDefinitionName",), "x" * 128),
    ec2("image by digest", (*BOX, "image"), "public.ecr.aws/a/b@sha256:" + "0" * 64),
    ec2("role of China", (*BOX, "jobRoleArn"), "arn:aws-cn:iam::123456789012:role/a/b"),
    ec2("no platform", ("platformCapabilities",), DROP),
    ec2("least memory", (*ASKED, 1, "value"), "4"),
    ec2("a text that looks like an expression", (*ENV, 0, "value"), "{% raw %}"),
    of(FARGATE, "most of Fargate", ASKED, [{"type": "VCPU", "value": "32"}, {"type": "MEMORY", "value": "249856"}]),
    of(FARGATE, "not privileged on Fargate", (*BOX, "privileged"), False),
    of(ECS, "Managed Instances", ("platformCapabilities",), ["MANAGED_INSTANCES"], "is nothing for ECS Managed Instances",
       pointer=(*TASK, "platformVersion"), aws=False),
    job("of a revision", ("JobDefinition",), "nightly-plan:3"),
    job("everything by expression", ("ContainerOverrides",), "{% $overrides %}"),
    job("one variable by expression", ("ContainerOverrides", "Environment", 0), "{% $entry %}"),
    job("in sequence", ("DependsOn",), [{"Type": "SEQUENTIAL"}]),
    run("a text with a brace in it", ("States", "bad", "Cause"), "a {% b %} c"),
    run("a name in a string", ("States", "begin", "Assign", "run"), "{% 'cost in $dollars' %}"),
    run("variables of two branches", ("States", "both", "Branches"), [
        {"StartAt": "a", "States": {"a": {"Type": "Pass", "Assign": {"v": 1}, "Next": "b"}, "b": {"Type": "Pass", "Output": "{% $v %}", "End": True}}},
        {"StartAt": "c", "States": {"c": {"Type": "Pass", "Assign": {"v": 1}, "End": True}}}]),
    run("a literal condition", ("States", "enough", "Choices", 0, "Condition"), True),
]  # fmt: skip

DEFINITIONS = [
    ec2("unknown field", ("containerproperties",), {}, "is no field of AWS Batch", **BOTO),
    ec2("unknown field of a container", (*BOX, "env"), [], "is no field of AWS Batch here", **BOTO),
    ec2("no name", ("jobDefinitionName",), DROP, "is missing", **BOTO),
    ec2("number in quotes", (*RETRY, "attempts"), "3", "is the string `3`, not an integer", **BOTO),
    ec2("number for a string", (*ENV, 0, "value"), 3, "is the number `3`, not a string", **BOTO),
    ec2("boolean for a number", (*RETRY, "attempts"), True, "is the boolean `true`, not an integer"),
    ec2("null", (*BOX, "user"), None, "is null, not a string", **BOTO),
    ec2("type of a job", ("type",), "nope", "does not know", **BOTO),
    ec2("log driver", (*BOX, "logConfiguration", "logDriver"), "loki", "does not know", **BOTO),
    ec2("lower-case action", (*EXITS, 0, "action"), "retry", "does not know", aws=False, **BOTO),
    ec2("dot in a name", ("jobDefinitionName",), "a.b", "no job can be called"),
    ec2("name that begins with a hyphen", ("jobDefinitionName",), "-a", "no job can be called", aws=False),
    ec2("long name", ("jobDefinitionName",), LONG, "has 129 characters"),
    ec2("empty name", ("jobDefinitionName",), "", "is empty"),
    ec2("no attempt", (*RETRY, "attempts"), 0, "is `0`, less than 1"),
    ec2("eleven attempts", (*RETRY, "attempts"), 11, "is `11`, more than 10"),
    ec2("exits without attempts", (*RETRY, "attempts"), DROP, "is missing, and `evaluateOnExit` needs it"),
    ec2("six exits", EXITS, [{"onReason": "*", "action": "EXIT"}] * 6, "has 6 entries, more than 5"),
    ec2("star in the middle", (*EXITS, 0, "onStatusReason"), "Host*EC2", "does not read"),
    ec2("letters of a code", (*EXITS, 1, "onExitCode"), "1a", "does not read"),
    ec2("long pattern", (*EXITS, 0, "onStatusReason"), "x" * 513, "has 513 characters"),
    ec2("hyphen of a reason", (*EXITS, 0, "onStatusReason"), "a-b", "does not read"),
    ec2("no cause", (*EXITS, 1), {"action": "RETRY"}, "has no cause", aws=False),
    ec2("no last exit", (*EXITS, 2), {"onExitCode": "1", "action": "EXIT"}, "retries every cause that no entry matches",
        pointer=EXITS, aws=False),
    ec2("last exit of codes", (*EXITS, 2), {"onExitCode": "*", "action": "EXIT"}, "that no entry matches", pointer=EXITS, aws=False),
    ec2("59 seconds", ("timeout", "attemptDurationSeconds"), 59, "is `59`, less than 60"),
    ec2("priority", ("schedulingPriority",), 10000, "more than 9999"),
    ec2("no tags", ("tags",), {}, "has 0 entries, fewer than 1", **BOTO),
    ec2("51 tags", ("tags",), {f"t{n}": "" for n in range(51)}, "has 51 entries, more than 50", **BOTO),
    ec2("long key of a tag", ("tags", LONG), "", "has a key of 129 characters", **BOTO),
    ec2("long tag", ("tags", "a"), "x" * 257, "has 257 characters", **BOTO),
    ec2("tag of AWS", ("tags", "AWS:a"), "", "begins with `aws:`"),
    ec2("odd tag", ("tags", "a"), "a\u2028b;", "no tag can be"),
    ec2("no quantity", ("consumableResourceProperties", "consumableResourceList", 0, "quantity"), 0, "is `0`"),
    ec2("two kinds", ("ecsProperties",), ECS["ecsProperties"], "has 2 of", pointer=()),
    ec2("no kind", BOX, DROP, "has none of", pointer=()),
    ec2("nodes of one job", ("nodeProperties",), NODES["nodeProperties"], "`type: multinode` only"),
    ec2("two platforms", ("platformCapabilities",), ["EC2", "FARGATE"], "names 2 platforms", aws=False),
    ec2("more than 24 KiB", (*ENV, 0, "value"), "é" * 12288, "more than the 24576", pointer=()),
    # containers
    ec2("no image", (*BOX, "image"), DROP, "is missing"),
    ec2("long image", (*BOX, "image"), "x" * 256, "has 256 characters"),
    ec2("blank in an image", (*BOX, "image"), "a b", "no image is called"),
    ec2("variable of AWS Batch", (*ENV, 0, "name"), "AWS_BATCH_X", "for AWS Batch alone"),
    ec2("variable with =", (*ENV, 0, "name"), "A=B", "no variable can be called"),
    ec2("a variable twice", (*ENV, 1, "name"), "REGION", "`REGION` once more", aws=False),
    ec2("no name of a variable", (*ENV, 0, "name"), DROP, "is missing"),
    ec2("no value of a variable", (*ENV, 0, "value"), DROP, "is missing", aws=False),
    ec2("secret and variable", (*BOX, "secrets", 0, "name"), "REGION", "`REGION` once more"),
    ec2("reference within a text", (*BOX, "command", 2), "--day=Ref::day", "within a longer text", aws=False),
    ec2("parameter for nobody", ("parameters", "b"), "c", "is for nobody", aws=False),
    ec2("parameters that begin alike", ("parameters", "days"), "c", "is the beginning of `days`",
        pointer=("parameters", "day"), aws=False),
    ec2("deprecated vcpus", (*BOX, "vcpus"), 2, "is deprecated", aws=False),
    ec2("deprecated memory", (*BOX, "memory"), 2048, "is deprecated", aws=False),
    ec2("no memory", (*ASKED, 1), {"type": "GPU", "value": "1"}, "has no MEMORY", pointer=ASKED),
    ec2("vcpu twice", (*ASKED, 1), SIZE[0], "`VCPU` once more", pointer=(*ASKED, 1, "type")),
    ec2("half a core on EC2", (*ASKED, 0, "value"), "0.5", "EC2 has whole vCPUs"),
    ec2("a point in vcpus", (*ASKED, 0, "value"), "2.0", "EC2 has whole vCPUs"),
    ec2("3 MiB", (*ASKED, 1, "value"), "3", "less than 4 MiB"),
    ec2("memory with a unit", (*ASKED, 1, "value"), "2048Mi", "no number of MiB"),
    ec2("memory with a point", (*ASKED, 1, "value"), "2048.0", "no number of MiB"),
    ec2("part of a GPU", (*ASKED, 2, "value"), "0.5", "no number of GPUs"),
    ec2("no GPU", (*ASKED, 2, "value"), "0", "no number of GPUs"),
    ec2("form of a role", (*BOX, "jobRoleArn"), "job", "no ARN of a role"),
    ec2("form of an execution role", (*BOX, "executionRoleArn"), "arn:aws:iam::1:role/a", "no ARN of a role"),
    ec2("soft above hard", (*BOX, "ulimits", 0, "softLimit"), 4096, "more than the hard limit"),
    ec2("unknown limit", (*BOX, "ulimits", 0, "name"), "files", "no limit is called"),
    ec2("swappiness", (*LINUX, "swappiness"), 101, "more than 100"),
    ec2("swappiness alone", (*LINUX, "maxSwap"), DROP, "does nothing without `maxSwap`", pointer=(*LINUX, "swappiness"), aws=False),
    ec2("no shared memory", (*LINUX, "sharedMemorySize"), 0, "less than 1"),
    ec2("option of a tmpfs", (*LINUX, "tmpfs", 0, "mountOptions", 0), "fast", "no mount knows"),
    ec2("path of a tmpfs", (*LINUX, "tmpfs", 0, "containerPath"), "a", "no absolute path"),
    ec2("permission of a device", (*LINUX, "devices", 0, "permissions", 0), "X", "does not know", **BOTO),
    ec2("password of a registry", (*BOX, "repositoryCredentials"), {"credentialsParameter": "a"}, "no ARN of a secret",
        pointer=(*BOX, "repositoryCredentials", "credentialsParameter")),
    ec2("type of instance", (*BOX, "instanceType"), "m5.large", "several nodes only"),
    # volumes
    ec2("mount of nothing", (*BOX, "mountPoints", 0, "sourceVolume"), "temp", "no volume of the job"),
    ec2("mount without a path", (*BOX, "mountPoints", 0, "containerPath"), DROP, "is missing"),
    ec2("two mounts of a path", (*BOX, "mountPoints", 1, "containerPath"), "/tmp", "`/tmp` once more"),
    ec2("name of a volume", (*BOX, "volumes", 0, "name"), "a b", "no volume can be called"),
    ec2("a volume twice", (*BOX, "volumes", 0, "name"), "shared", "`shared` once more", pointer=(*BOX, "volumes", 1, "name")),
    ec2("two sources", (*BOX, "volumes", 1, "host"), {}, "has 2 of", pointer=(*BOX, "volumes", 1)),
    ec2("access point without encryption", (*EFS, "transitEncryption"), "DISABLED", "is not `ENABLED`"),
    ec2("access point and a directory", (*EFS, "rootDirectory"), "/a", "the access point says"),
    ec2("IAM without a role", (*BOX, "jobRoleArn"), DROP, "there is no `jobRoleArn`", pointer=(*EFS, "authorizationConfig", "iam")),
    ec2("port of EFS", (*EFS, "transitEncryptionPort"), 65536, "no port"),
    # platforms
    ec2("network on EC2", (*BOX, "networkConfiguration"), {"assignPublicIp": "ENABLED"}, "is nothing for EC2"),
    ec2("version of Fargate on EC2", (*BOX, "fargatePlatformConfiguration"), {"platformVersion": "LATEST"}, "is nothing for EC2"),
    ec2("storage on EC2", (*BOX, "ephemeralStorage"), {"sizeInGiB": 30}, "is nothing for EC2"),
    ec2("chip on EC2", (*BOX, "runtimePlatform"), {"cpuArchitecture": "ARM64"}, "is nothing for EC2", aws=False),
    ec2("container of Managed Instances", ("platformCapabilities",), ["MANAGED_INSTANCES"], "is nothing for ECS Managed Instances", pointer=BOX),
    of(FARGATE, "three cores", (*ASKED, 0, "value"), "3", "Fargate has 0.25, 0.5, 1, 2, 4, 8, 16, 32 vCPU only", pointer=ASKED),
    of(FARGATE, "777 MiB", (*ASKED, 1, "value"), "777", "a size that Fargate does not have", pointer=ASKED),
    of(FARGATE, "GPU on Fargate", (*ASKED, 2), {"type": "GPU", "value": "1"}, "Fargate does not have"),
    of(FARGATE, "no execution role", (*BOX, "executionRoleArn"), DROP, "is missing, and Fargate"),
    of(FARGATE, "privileged on Fargate", (*BOX, "privileged"), True, "is nothing for Fargate"),
    of(FARGATE, "limits on Fargate", (*BOX, "ulimits"), [], "is nothing for Fargate"),
    of(FARGATE, "shared memory on Fargate", (*LINUX, "sharedMemorySize"), 64, "is nothing for Fargate"),
    of(FARGATE, "tmpfs on Fargate", (*LINUX, "tmpfs"), [], "is nothing for Fargate"),
    of(FARGATE, "host on Fargate", (*BOX, "volumes", 0), {"name": "a", "host": {}}, "no host to share", pointer=(*BOX, "volumes", 0, "host")),
    of(FARGATE, "log driver on Fargate", (*BOX, "logConfiguration"), {"logDriver": "fluentd"}, "Fargate does not have",
       pointer=(*BOX, "logConfiguration", "logDriver")),
    of(FARGATE, "instance on Fargate", (*BOX, "instanceType"), "m5.large", "is nothing for Fargate"),
    of(FARGATE, "little storage", (*BOX, "ephemeralStorage", "sizeInGiB"), 20, "21 to 200"),
    of(FARGATE, "EFS on old Fargate", (*BOX, "fargatePlatformConfiguration", "platformVersion"), "1.3.0", "EFS needs 1.4.0"),
    of(FARGATE, "odd version", (*BOX, "fargatePlatformConfiguration", "platformVersion"), "new", "no version of Fargate"),
    of(FARGATE, "odd chip", (*BOX, "runtimePlatform", "cpuArchitecture"), "M1", "does not know"),
    of(FARGATE, "Windows on ARM", (*BOX, "runtimePlatform", "operatingSystemFamily"), "WINDOWS_SERVER_2022_CORE", "is nothing for Windows",
       pointer=(*BOX, "runtimePlatform", "cpuArchitecture")),
    # tasks
    of(ECS, "two tasks", ("ecsProperties", "taskProperties"), ECS["ecsProperties"]["taskProperties"] * 2, "has 2 tasks, not one"),
    of(ECS, "eleven containers", (*TASK, "containers"), [{**ECS["ecsProperties"]["taskProperties"][0]["containers"][0], "name": f"c{n}"} for n in range(11)],
       "more than 10"),
    of(ECS, "a name twice", (*MAIN, "name"), "stage", "`stage` once more"),
    of(ECS, "no name of a container", (*STAGE, "name"), DROP, "is missing"),
    of(ECS, "waits for nobody", (*MAIN, "dependsOn", 0, "containerName"), "stages", "no container of the task"),
    of(ECS, "waits for itself", (*MAIN, "dependsOn", 0, "containerName"), "main", "is the container itself"),
    of(ECS, "odd condition", (*MAIN, "dependsOn", 0, "condition"), "DONE", "does not know"),
    of(ECS, "waits for the end of an essential", (*STAGE, "essential"), True, "`stage` is essential", pointer=(*MAIN, "dependsOn", 0, "condition")),
    of(ECS, "a circle", (*STAGE, "dependsOn"), [{"containerName": "main", "condition": "START"}], "wait for one another", pointer=(*TASK, "containers")),
    of(ECS, "nothing essential", (*MAIN, "essential"), False, "no essential container", pointer=(*TASK, "containers")),
    of(ECS, "sum on Fargate", (*MAIN, "resourceRequirements", 1, "value"), "1537", "asks together for 1 vCPU with 2049 MiB", pointer=(*TASK, "containers")),
    of(ECS, "image of a task", (*MAIN, "image"), DROP, "is missing", **BOTO),
    of(ECS, "long wait on Fargate", (*MAIN, "stopTimeout"), 121, "not 2 to 120 seconds"),
    of(ECS, "ipc on Fargate", (*TASK, "ipcMode"), "task", "is nothing for Fargate"),
    of(ECS, "odd pid mode", (*TASK, "pidMode"), "none", "does not know"),
    of(ECS, "mount of a task", (*MAIN, "mountPoints", 0, "sourceVolume"), "a", "no volume of the job"),
    # pods and nodes
    of(EKS, "tags of a pod", ("propagateTags",), True, "is nothing for a job on EKS"),
    of(EKS, "platform of a pod", ("platformCapabilities",), ["EC2"], "is nothing for a job on EKS"),
    of(EKS, "memory of a pod", (*POD, "containers", 0, "resources", "limits", "memory"), "64M", "does not read"),
    of(EKS, "two memories", (*POD, "containers", 0, "resources", "requests", "memory"), "32Mi", "not the limit of `64Mi`"),
    of(EKS, "thirds of a core", (*POD, "containers", 0, "resources", "limits", "cpu"), "0.3", "does not read"),
    of(EKS, "mount of a pod", (*POD, "containers", 0, "volumeMounts", 0, "name"), "a", "no volume of the pod"),
    of(EKS, "variable of a pod", (*POD, "containers", 0, "env", 0, "name"), "AWS_BATCH", "for AWS Batch alone"),
    of(EKS, "no containers", (*POD, "containers"), [], "is missing"),
    of(NODES, "main node", ("nodeProperties", "mainNode"), 4, "nodes 0 to 3"),
    of(NODES, "a node of nobody", (*RANGES, 1, "targetNodes"), "2:", "says nothing of node 1", pointer=RANGES),
    of(NODES, "range of nothing", (*RANGES, 0, "targetNodes"), "a", "no range"),
    of(NODES, "nodes on Fargate", ("platformCapabilities",), ["FARGATE"], "runs no jobs of several nodes", pointer=("platformCapabilities", 0)),
    of(NODES, "image of a node", (*RANGES, 0, "container", "image"), "", "is missing"),
]  # fmt: skip

OVER = ("ContainerOverrides",)
SUBMISSIONS = [
    job("no queue", ("JobQueue",), DROP, "is missing", **BOTO),
    job("camel case", ("jobName",), "a", "begin with a capital letter", **BOTO),
    job("unknown field of a state", (*OVER, "Env"), [], "is no field", **BOTO),
    job("number for a parameter", ("Parameters", "day"), 1, "is the number `1`, not a string", **BOTO),
    job("unknown kind", ("DependsOn", 0, "Type"), "ALL", "does not know", **BOTO),
    job("name of a job", ("JobName",), "a b", "no job can be called"),
    job("array of one", ("ArrayProperties", "Size"), 1, "is `1`, less than 2"),
    job("large array", ("ArrayProperties", "Size"), 10001, "more than 10000"),
    job("array of no size", ("ArrayProperties",), {}, "is missing", pointer=("ArrayProperties", "Size")),
    job("21 dependencies", ("DependsOn",), [{"JobId": f"{n}"} for n in range(21)], "has 21 dependencies"),
    job("by index without an array", ("ArrayProperties",), DROP, "the job is no array", pointer=("DependsOn", 0, "Type")),
    job("sequence of another", ("DependsOn", 0, "Type"), "SEQUENTIAL", "goes with no `SEQUENTIAL`", pointer=("DependsOn", 0, "JobId")),
    job("waits for no job", ("DependsOn", 0, "JobId"), DROP, "is missing"),
    job("empty word of a command", (*OVER, "Command"), ["a", ""], "is empty", pointer=(*OVER, "Command", 1)),
    job("variable of AWS Batch in a state", (*OVER, "Environment", 0, "Name"), "AWS_BATCH_A", "for AWS Batch alone"),
    job("memory of a state", (*OVER, "ResourceRequirements", 0, "Value"), "1.5", "no number of MiB"),
    job("deprecated override", (*OVER, "Memory"), 2048, "is deprecated", aws=False),
    job("attempts of a state", ("RetryStrategy", "Attempts"), 11, "more than 10"),
    job("short timeout of a state", ("Timeout", "AttemptDurationSeconds"), 1, "less than 60"),
    job("priority of a state", ("SchedulingPriorityOverride",), -1, "less than 0"),
    job("odd share", ("ShareIdentifier",), "a-b", "no share can be called"),
    job("odd queue", ("JobQueue",), "a b", "no queue is called"),
    job("odd definition", ("JobDefinition",), "a.b", "no definition is called"),
    job("definition of nobody", ("JobDefinition",), "other", "nothing here defines"),
    job("parameter of nobody", ("Parameters", "week"), "1", "is for nobody", aws=False),
    job("overrides of another kind", ("EcsPropertiesOverride",), {"TaskProperties": []}, "the definition does not have"),
    job("long overrides", (*OVER, "Environment", 0, "Value"), "x" * 8192, "more than 8192", pointer=OVER),
    job("more than 30 KiB", ("Parameters", "day"), "x" * 30720, "more than the 30720", pointer=()),
    job("long parameter in the command", ("Parameters", "day"), "x" * 8192, "more than 8192", pointer=OVER),
    job("51 tags of a state", ("Tags",), {f"t{n}": "" for n in range(51)}, "more than 50", **BOTO),
]  # fmt: skip

S: Path = ("States",)
INNER = (*S, "each", "ItemProcessor", "States", "one")
DISTANT = (*S, "far", "ItemProcessor", "States", "distant")
MACHINES = [
    run("JSONPath", ("QueryLanguage",), DROP, "is not `JSONata`"),
    run("no start", ("StartAt",), DROP, "is missing"),
    run("start of nothing", ("StartAt",), "begins", "there is no such state"),
    run("no states", S, {}, "has no states"),
    run("unknown field of a machine", ("Timeout",), 1, "is no field of a state machine"),
    run("no type", (*S, "good", "Type"), DROP, "is missing"),
    run("odd type", (*S, "good", "Type"), "Success", "no type of state"),
    run("next of nothing", (*S, "plan", "Next"), "reads", "there is no such state here"),
    run("default of nothing", (*S, "enough", "Default"), "a", "there is no such state here"),
    run("catch of nothing", (*S, "plan", "Catch", 0, "Next"), "a", "there is no such state here"),
    run("choice of nothing", (*S, "enough", "Choices", 0, "Next"), "a", "there is no such state here"),
    run("into a Map", (*S, "plan", "Next"), "one", "there is no such state here"),
    run("unreached", (*S, "alone"), {"Type": "Succeed"}, "is never reached"),
    run("neither next nor end", (*S, "plan", "Next"), DROP, "has neither `Next` nor `End`", pointer=(*S, "plan")),
    run("next and end", (*S, "plan", "End"), True, "has both", pointer=(*S, "plan")),
    run("end is false", (*INNER, "End"), False, "is the boolean `false`"),
    run("no end", (*S, "both", "Branches", 0, "States", "left"), {"Type": "Wait", "Seconds": 1, "Next": "left"}, "no state that ends it",
        pointer=(*S, "both", "Branches", 0, "States")),
    run("next of a choice", (*S, "enough", "Next"), "good", "is no field of a Choice state"),
    run("next of the last", (*S, "good", "Next"), "bad", "is no field of a Succeed state"),
    run("long name of a state", (*S, "x" * 81), {"Type": "Succeed"}, "a name of 81 characters"),
    run("odd name of a state", (*S, "a[0]"), {"Type": "Succeed"}, "has a name with a letter"),
    run("a name in two scopes", (*S, "both", "Branches", 1), {"StartAt": "plan", "States": {"plan": {"Type": "Succeed"}}},
        "has the name of another state", pointer=(*S, "both", "Branches", 1, "States", "plan")),
    run("field of JSONPath", (*S, "plan", "Parameters"), {}, "is for JSONPath"),
    run("result path", (*S, "plan", "ResultPath"), "$.a", "is for JSONPath"),
    run("state in JSONPath", (*S, "plan", "QueryLanguage"), "JSONPath", "is the string `JSONPath`"),
    run("no resource", (*S, "plan", "Resource"), DROP, "is missing"),
    run("odd resource", (*S, "plan", "Resource"), "batch:submitJob", "nothing that a state can call"),
    run("unknown action", (*S, "plan", "Resource"), "arn:aws:states:::batch:runJob", "`batch:submitJob` only"),
    run("token of a job", (*S, "plan", "Resource"), "arn:aws:states:::batch:submitJob.waitForTaskToken", "`batch:submitJob` only"),
    run("waits for a call by SDK", (*S, "read", "Resource"), "arn:aws:states:::aws-sdk:s3:getObject.sync", "calls by SDK cannot"),
    run("job of a state", (*S, "plan", "Arguments", "ArrayProperties", "Size"), 1, "is `1`, less than 2"),
    run("job of a Map", (*INNER, "Arguments", "JobName"), "a b", "no job can be called"),
    run("no arguments", (*S, "plan", "Arguments"), DROP, "is missing"),
    run("seconds", (*S, "plan", "TimeoutSeconds"), 0, "less than 1"),
    run("seconds in quotes", (*S, "plan", "TimeoutSeconds"), "60", "not a whole number"),
    run("heartbeat", (*S, "plan", "HeartbeatSeconds"), 3600, "not less than `TimeoutSeconds`"),
    run("seconds of a machine", ("TimeoutSeconds",), "{% 1 %}", "not a whole number"),
    run("waits for two", (*S, "both", "Branches", 0, "States", "left", "Timestamp"), "2030-01-01T00:00:00Z", "not exactly one",
        pointer=(*S, "both", "Branches", 0, "States", "left")),
    run("no choices", (*S, "enough", "Choices"), [], "is empty"),
    run("condition of a text", (*S, "enough", "Choices", 0, "Condition"), "$n > 1", "is the string"),
    run("no condition", (*S, "enough", "Choices", 0, "Condition"), DROP, "is missing"),
    run("no branches", (*S, "both", "Branches"), [], "is empty"),
    run("config of a branch", (*S, "both", "Branches", 0, "ProcessorConfig"), {}, "is no field of states within a state"),
    run("no processor", (*S, "each", "ItemProcessor"), DROP, "is missing"),
    run("50 at once", (*S, "each", "MaxConcurrency"), 50, "inline Maps run 40 at once", aws=False),
    run("tolerance of an inline Map", (*S, "each", "ToleratedFailureCount"), 1, "mode `DISTRIBUTED` only"),
    run("101 percent", (*S, "far", "ToleratedFailurePercentage"), 101, "more than 100"),
    run("odd mode", (*S, "each", "ItemProcessor", "ProcessorConfig", "Mode"), "FAST", "is the string `FAST`"),
    run("no kind of execution", (*S, "far", "ItemProcessor", "ProcessorConfig", "ExecutionType"), DROP, "is missing"),
    run("express", (*S, "far", "ItemProcessor", "ProcessorConfig", "ExecutionType"), "EXPRESS", "an Express execution cannot",
        pointer=(*DISTANT, "Resource")),
    run("label", (*S, "far", "Label"), "x" * 41, "no label"),
    # retries and catchers
    run("no errors", (*S, "plan", "Retry", 0, "ErrorEquals"), [], "is empty"),
    run("all beside others", (*S, "plan", "Retry", 0, "ErrorEquals"), ["States.ALL", "a"], "beside other names"),
    run("all, then others", (*S, "plan", "Retry"), [{"ErrorEquals": ["States.ALL"]}, *AGAIN], "nothing after it", pointer=(*S, "plan", "Retry", 0, "ErrorEquals")),
    run("unknown error", (*S, "plan", "Retry", 0, "ErrorEquals", 0), "States.Oops", "does not have"),
    run("error of JSONPath", (*S, "plan", "Retry", 0, "ErrorEquals", 0), "States.ParameterPathFailure", "only JSONPath has"),
    run("error that nothing catches", (*S, "plan", "Catch", 0, "ErrorEquals"), ["States.Runtime"], "nothing retries",
        pointer=(*S, "plan", "Catch", 0, "ErrorEquals", 0), aws=False),
    run("shrinking delay", (*S, "plan", "Retry", 0, "BackoffRate"), 0.5, "less than 1"),
    run("no interval", (*S, "plan", "Retry", 0, "IntervalSeconds"), 0, "less than 1"),
    run("short delay", (*S, "plan", "Retry", 0, "MaxDelaySeconds"), 2, "not more than `IntervalSeconds`"),
    run("jitter", (*S, "plan", "Retry", 0, "JitterStrategy"), "SOME", "is the string `SOME`"),
    run("path of a catcher", (*S, "plan", "Catch", 0, "ResultPath"), "$", "is for JSONPath"),
    run("no target of a catcher", (*S, "plan", "Catch", 0, "Next"), DROP, "is missing"),
    run("retry of a Pass", (*S, "begin", "Retry"), AGAIN, "is no field of a Pass state"),
    # expressions and variables
    run("half an expression", (*S, "begin", "Assign", "run"), "{% $states.input.a", "as a whole, or not at all"),
    run("blank before an expression", (*S, "begin", "Assign", "run"), " {% 1 %}", "as a whole, or not at all"),
    run("text around an expression", (*S, "begin", "Assign", "run"), "a {% 1 %}", "as a whole, or not at all"),
    run("empty expression", (*S, "begin", "Assign", "run"), "{%  %}", "holds no expression"),
    run("open bracket", (*S, "begin", "Assign", "run"), "{% $count([1) %}", "closes nothing"),
    run("open string", (*S, "begin", "Assign", "run"), "{% 'a %}", "a quote that does not end"),
    run("eval", (*S, "begin", "Assign", "run"), "{% $eval('1') %}", "does not have"),
    run("unknown part of $states", (*S, "begin", "Assign", "run"), "{% $states.output %}", "which there is not"),
    run("result of a Pass", (*S, "begin", "Assign", "run"), "{% $states.result %}", "which is not there"),
    run("result in the arguments", (*S, "read", "Arguments", "Key"), "{% $states.result %}", "which is not there"),
    run("error outside of a catcher", (*S, "read", "Output"), "{% $states.errorOutput %}", "which is not there"),
    run("unknown variable", (*S, "read", "Arguments", "Key"), "{% $runs %}", "no state assigns", aws=False),
    run("variable of an inner scope", (*S, "good", "Output"), "{% $done %}", "no state assigns", aws=False),
    run("variable in a distributed Map", (*DISTANT, "Output"), "{% $run %}", "no state assigns"),
    run("variable of a scope around", (*INNER, "Assign", "run"), 1, "which a scope around this one assigns"),
    run("name of a variable", (*S, "begin", "Assign", "a.b"), 1, "no name of a variable"),
    run("name with an underscore", (*S, "begin", "Assign", "_a"), 1, "no name of a variable"),
    run("long name of a variable", (*S, "begin", "Assign", "x" * 81), 1, "no name of a variable"),
    run("reserved variable", (*S, "begin", "Assign", "states"), 1, "AWS's own"),
    run("variable like a function", (*S, "begin", "Assign", "count"), 1, "hides the function `$count`", aws=False),
    run("assigned by an end", (*S, "good", "Assign"), {"a": 1}, "is no field of a Succeed state"),
    run("more than 1 MB", ("Comment",), "x" * 1048576, "more than the 1048576", pointer=()),
    run("large text", (*S, "begin", "Assign", "run"), "x" * 262144, "of a state's data"),
]  # fmt: skip

# what moto's parser sees of machines (5.2.5)
MOTO = frozenset(
    {
        "JSONPath",
        "no start",
        "no states",
        "unknown field of a machine",
        "no type",
        "odd type",
        "next and end",
        "next of a choice",
        "next of the last",
        "field of JSONPath",
        "result path",
        "state in JSONPath",
        "no resource",
        "odd resource",
        "unknown action",
        "seconds in quotes",
        "heartbeat",
        "waits for two",
        "no choices",
        "condition of a text",
        "no condition",
        "no branches",
        "config of a branch",
        "no processor",
        "101 percent",
        "odd mode",
        "express",
        "label",
        "no errors",
        "all beside others",
        "unknown error",
        "shrinking delay",
        "no interval",
        "jitter",
        "path of a catcher",
        "no target of a catcher",
    }
)
# what cfn-lint sees of definitions and machines within a template (1.58.0), each alone
LINT = frozenset(
    {
        "unknown field",
        "unknown field of a container",
        "boolean for a number",
        "type of a job",
        "log driver",
        "long name",
        "long tag",
        "no image",
        "form of a role",
        "form of an execution role",
        "permission of a device",
        "type of instance",
        "instance on Fargate",
        "image of a task",
        "JSONPath",
        "no start",
        "start of nothing",
        "no states",
        "unknown field of a machine",
        "no type",
        "odd type",
        "neither next nor end",
        "next and end",
        "end is false",
        "next of the last",
        "long name of a state",
        "field of JSONPath",
        "result path",
        "state in JSONPath",
        "no resource",
        "odd resource",
        "seconds",
        "seconds of a machine",
        "no condition",
        "config of a branch",
        "no processor",
        "no target of a catcher",
        "retry of a Pass",
        "assigned by an end",
    }
)

MUTANTS = [
    mutant._replace(moto=mutant.name in MOTO, lint=mutant.name in LINT)
    for mutant in (*RIGHT, *DEFINITIONS, *SUBMISSIONS, *MACHINES)
]
