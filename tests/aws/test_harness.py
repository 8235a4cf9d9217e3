"""What the tests' AWS does is what AWS does: state machines of jobs that are really run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws.machines import after, container, each, flow, job, machine, mount, pairs, several, shell, submit
from aws.ran import Ran, at_once
from aws.server import Aws

CATCH = [{"ErrorEquals": ["States.ALL"], "Assign": {"error": "{% $states.errorOutput %}"}, "Next": "handle"}]
GET, PUT = "arn:aws:states:::aws-sdk:s3:getObject", "arn:aws:states:::aws-sdk:s3:putObject"
BOTO = "import boto3, os, json; s3 = boto3.client('s3'); "
WAIT_FOR = "touch $MEET/$1; while [ $(ls $MEET | wc -l) -lt $2 ]; do sleep 0.01; done"


def _index(ran: Ran) -> int:
    return -1 if ran.index is None else ran.index


def _submitted(aws: Aws, name: str, **more: Any) -> str:
    aws.queue("q")
    found: str = aws.client("batch").submit_job(jobName=name, jobQueue="q", jobDefinition=name, **more)["jobId"]
    return found


def _job(aws: Aws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("batch").describe_jobs(jobs=[name])["jobs"][0]
    return found


# Flows.


def test_diamond(aws: Aws) -> None:
    both = {"Type": "Parallel", "Branches": [flow("b", b=submit("b")), flow("c", c=submit("c"))], "Next": "d"}
    definitions = [shell(name, f"echo {name}") for name in "abcd"]
    done = aws.run(definitions, machine("a", a=submit("a", Next="both"), both=both, d=submit("d", Output="ok")))
    assert (done.status, done.output, done.error, done.cause) == ("SUCCEEDED", "ok", None, None)
    first, *between, last = done.ran
    assert (first.job, sorted(ran.job for ran in between), last.job) == ("a", ["b", "c"], "d")
    assert all(first.ended < ran.started and ran.ended < last.started for ran in between)
    assert (first.command, first.exit_code, first.printed, first.attempt) == (("sh", "-c", "echo a"), 0, "a\n", 1)
    assert done.events == 4 * 6 + 4 + 2  # four tasks, the Parallel, the execution


@pytest.mark.parametrize("count", [0, 1, 4])
@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_map(aws: Aws, count: int, mode: str) -> None:
    config = {"Mode": mode} if mode == "INLINE" else {"Mode": mode, "ExecutionType": "STANDARD"}
    state = submit("a", env={"ITEM": "{% $string($states.input) %}"}, Output="{% $states.input * 2 %}")
    inner = {**flow("one", one=state), "ProcessorConfig": config}
    loop = machine("loop", loop=each("{% $states.input.items %}", inner, MaxConcurrency=2))
    done = aws.run([shell("a", "echo $ITEM")], loop, {"items": list(range(count))})
    assert (done.status, done.output) == ("SUCCEEDED", [2 * item for item in range(count)])
    assert sorted(ran.printed for ran in done.ran) == [f"{item}\n" for item in range(count)]
    assert at_once(done.ran, "a") <= 2


def test_caps_hold_and_without_one_all_run_at_once(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "meet").mkdir()
    state = submit("a", env={"ITEM": "{% $string($states.input) %}", "MEET": str(tmp_path / "meet")})
    loop = machine("loop", loop=each("{% [1..4] %}", flow("one", one=state)))
    done = aws.run([job("a", "sh", "-c", WAIT_FOR.replace("$1", "$ITEM").replace("$2", "4"))], loop)
    assert (done.status, at_once(done.ran, "a"), at_once(done.ran, "b")) == ("SUCCEEDED", 4, 0)


def test_choice_wait_pass_and_succeed(aws: Aws) -> None:
    way = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $n > 2 %}", "Next": "wait", "Assign": {"big": True}}],
        "Default": "few",
    }
    states = {
        "set": {"Type": "Pass", "Assign": {"n": "{% $states.input.n %}"}, "Next": "way"},
        "way": way,
        "wait": {"Type": "Wait", "Seconds": 1, "Next": "many"},
        "many": {"Type": "Succeed", "Output": {"many": "{% $n %}", "big": "{% $big %}"}},
        "few": {"Type": "Pass", "Output": {"few": "{% $n %}"}},
    }
    done = machine("set", **states)
    assert aws.run([], done, {"n": 3}).output == {"many": 3, "big": True}
    assert aws.run([], {**done, "name": "again"}, {"n": 1}).output == {"few": 1}


def test_variables_hold_any_text(aws: Aws) -> None:
    text = "\"quoted\" 'single' back\\slash\nline \u2028 é 😀 $states {% no %}"
    get = {"Type": "Pass", "Assign": {"v": "{% $states.input %}"}, "Next": "inner"}
    inner = flow(
        "i", i={"Type": "Pass", "Assign": {"w": "{% $v.text %}"}, "Next": "j"}, j={"Type": "Pass", "Output": "{% $w %}"}
    )
    done = aws.run([], machine("get", get=get, inner={"Type": "Parallel", "Branches": [inner]}), {"text": text})
    assert done.output == [text]


def test_functions_of_step_functions(aws: Aws) -> None:
    said = {
        "parse": "{% $parse('{\"a\": [1]}').a %}",
        "range": "{% $range(0, 0, 1) %}",
        "chunks": "{% $partition([1..5], 2) %}",
        "hash": "{% $hash('x', 'SHA-1') %}",
        "sum": "{% $sum([1, 2]) / 3 %}",
    }
    done = aws.run([], machine("p", p={"Type": "Pass", "Output": said}))
    assert done.output == {
        "parse": [1],
        "range": [0],
        "chunks": [[1, 2], [3, 4], [5]],
        "hash": "11f6ad8ec52a2984abaafd7c3b516503785c2072",
        "sum": 1,
    }


def test_json_is_as_javascript_writes_it(aws: Aws) -> None:
    said = "{% $string({'é': ['😀', 0.0000001, 2.5, 1e3], 'n': 1e-7}) & $string(1e-7) %}"
    output = aws.run([], machine("p", p={"Type": "Pass", "Output": said})).output
    assert output == '{"é":["😀",1e-7,2.5,1000],"n":1e-7}1e-7'


def test_variables_between_divisions(aws: Aws) -> None:
    half = "{% $contains('a/b', /a/) ? $states.input.n / 2 + $states.input.n / 4 : 0 %}"
    assert aws.run([], machine("p", p={"Type": "Pass", "Output": half}), {"n": 8}).output == 6


def test_an_undefined_expression_fails(aws: Aws) -> None:
    done = aws.run([], machine("p", p={"Type": "Pass", "Output": "{% $states.input.no %}"}), {})
    assert (done.status, done.error) == ("FAILED", "States.QueryEvaluationError")


def test_an_inner_scope_assigns_no_outer_variable(aws: Aws) -> None:
    inner = flow("i", i={"Type": "Pass", "Assign": {"v": 2}})
    states: dict[str, Any] = {
        "set": {"Type": "Pass", "Assign": {"v": 1}, "Next": "p"},
        "p": {"Type": "Parallel", "Branches": [inner]},
    }
    with pytest.raises(AssertionError, match=r"p: assigns \$v, which is of an outer scope"):
        aws.run([], machine("set", **states))
    assert aws.run([], machine("set", **states), judged=False).status == "FAILED"


# Failures.


def test_catch_handler_fail(aws: Aws) -> None:
    states = {
        "a": submit("a", Catch=CATCH, Next="never"),
        "never": submit("handler"),
        "handle": submit("handler", env={"WHY": "{% $error.Error %}"}, Next="fail"),
        "fail": {"Type": "Fail", "Error": "FlowFailed", "Cause": "{% $parse($error.Cause).StatusReason %}"},
    }
    done = aws.run([shell("a", "exit 3"), shell("handler", "echo $WHY")], machine("a", **states))
    assert (done.status, done.error, done.cause) == ("FAILED", "FlowFailed", "Essential container in task exited")
    assert [(ran.job, ran.exit_code, ran.printed) for ran in done.ran] == [
        ("a", 3, ""),
        ("handler", 0, "States.TaskFailed\n"),
    ]


def test_retry_of_a_state(aws: Aws) -> None:
    retry = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2, "IntervalSeconds": 1, "BackoffRate": 1}]
    done = aws.run([shell("a", "exit 1")], machine("a", a=submit("a", Retry=retry)))
    assert (done.status, [ran.attempt for ran in done.ran]) == ("FAILED", [1, 1, 1])
    assert len({ran.job_id for ran in done.ran}) == 3


def test_a_failed_branch_ends_the_jobs_of_the_others(aws: Aws) -> None:
    definitions = [shell("slow", "sleep 60"), shell("bad", "exit 1")]
    both = {"Type": "Parallel", "Branches": [flow("s", s=submit("slow")), flow("b", b=submit("bad"))]}
    done = aws.run(definitions, machine("both", both=both))
    assert (done.status, done.error) == ("FAILED", "States.TaskFailed")
    assert {(ran.job, ran.exit_code) for ran in done.ran} <= {("slow", 143), ("bad", 1)}


def test_a_failed_iteration_ends_the_jobs_of_the_others(aws: Aws) -> None:
    state = submit("a", env={"ITEM": "{% $string($states.input) %}"})
    loop = each("{% [1, 2] %}", flow("one", one=state), Catch=CATCH, Next="handle")
    done = aws.run(
        [shell("a", "[ $ITEM = 1 ] && exit 7; sleep 60")], machine("loop", loop=loop, handle={"Type": "Pass"})
    )
    assert (done.status, {ran.exit_code for ran in done.ran} <= {7, 143}) == ("SUCCEEDED", True)


def test_a_task_times_out(tmp_path: Path) -> None:
    with Aws(tmp_path, second=0.01) as aws:
        state = submit("a", TimeoutSeconds=30, Catch=CATCH, Next="never")
        states = {"a": state, "never": {"Type": "Pass"}, "handle": {"Type": "Pass", "Output": "{% $error.Error %}"}}
        done = aws.run([shell("a", "sleep 60")], machine("a", **states))
    assert (done.status, done.output) == ("SUCCEEDED", "States.Timeout")
    assert [ran.exit_code for ran in done.ran] == [143]


def test_an_execution_times_out(tmp_path: Path) -> None:
    with Aws(tmp_path, second=0.01) as aws:
        said = machine("a", a=submit("a"))
        said["definition"] = json.dumps({**json.loads(said["definition"]), "TimeoutSeconds": 30})
        done = aws.run([shell("a", "sleep 60")], said)
    assert (done.status, [ran.exit_code for ran in done.ran]) == ("TIMED_OUT", [143])


def test_errors_of_batch_are_caught(aws: Aws) -> None:
    catch = [{"ErrorEquals": ["Batch.ClientException"], "Next": "handle"}]
    states = {
        "a": submit("nobody", Catch=catch, Next="b"),
        "b": {"Type": "Pass"},
        "handle": {"Type": "Pass", "Output": 1},
    }
    assert aws.run([], machine("a", **states)).output == 1


def test_a_number_is_no_text(aws: Aws) -> None:
    done = aws.run([shell("a", "true")], machine("a", a=submit("a", env={"N": "{% 1 %}"})), judged=False)
    assert (done.status, done.error) == ("FAILED", "States.Runtime")
    assert "must be a STRING" in str(done.cause)


def test_an_execution_has_a_name_and_a_job_its_states_input(aws: Aws) -> None:
    states = {"a": submit("a", Output="{% $states.context.Execution.Name %}")}
    done = aws.run([shell("a", "true")], machine("a", **states), {"n": 1})
    assert len(done.output) == 36
    [job] = aws.jobs.jobs.values()
    assert job.given == {"n": 1}


@pytest.mark.parametrize(
    ("accident", "entry"), [("oom", {"onReason": "OutOfMemory*"}), ("spot", {"onStatusReason": "Host EC2*"})]
)
def test_accidents(aws: Aws, accident: str, entry: dict[str, str]) -> None:
    entries = [{**entry, "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
    strategy = {"attempts": 2, "evaluateOnExit": entries}
    definitions = [
        shell(name, "exit 137", retryStrategy=strategy, env={"ACCIDENT": kind})
        for name, kind in {"a": accident, "b": "none"}.items()
    ]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "b"}]
    done = aws.run(definitions, machine("a", a=submit("a", Catch=catch, Next="b"), b=submit("b")))
    assert done.names() == ["a", "a#2", "b"]


# S3.


def test_objects_go_from_job_to_job(aws: Aws) -> None:
    aws.s3.create_bucket(Bucket="bucket")
    key = {"Bucket": "bucket", "Key": "{% $run & '/n.json' %}"}
    write = (
        BOTO + "s3.put_object(Bucket='bucket', Key=os.environ['RUN'] + '/n.json', Body=json.dumps({'n': 4}).encode())"
    )
    get = {"Type": "Task", "Resource": GET, "Arguments": key, "Assign": {"n": "{% $parse($states.result.Body).n %}"}}
    states = {
        "set": {"Type": "Pass", "Assign": {"run": "{% $states.context.Execution.Name %}"}, "Next": "write"},
        "write": submit("write", env={"RUN": "{% $run %}"}, Next="get"),
        "get": {**get, "Next": "put"},
        "put": {
            "Type": "Task",
            "Resource": PUT,
            "Arguments": {"Bucket": "bucket", "Key": "m", "Body": {"m": "{% $n %}"}},
        },
    }
    states["put"]["Output"] = "{% $n %}"
    done = aws.run([job("write", "python", "-c", write)], machine("set", **states), name="r1")
    assert (done.status, done.output) == ("SUCCEEDED", 4)
    assert json.loads(aws.s3.get_object(Bucket="bucket", Key="m")["Body"].read()) == {"m": 4}
    assert [each["Key"] for each in aws.s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["m", "r1/n.json"]


def test_a_missing_object_is_caught(aws: Aws) -> None:
    aws.s3.create_bucket(Bucket="bucket")
    catch = [{"ErrorEquals": ["S3.NoSuchKeyException"], "Next": "none"}]
    get = {
        "Type": "Task",
        "Resource": GET,
        "Arguments": {"Bucket": "bucket", "Key": "k"},
        "Catch": catch,
        "Next": "some",
    }
    states = {"get": get, "some": {"Type": "Pass"}, "none": {"Type": "Pass", "Output": "none"}}
    assert aws.run([], machine("get", **states)).output == "none"


# Jobs.


def test_commands_and_variables(aws: Aws) -> None:
    definition = shell("a", "echo Ref::who $X $Y", env={"X": "1", "Y": "1", "EMPTY": ""}, parameters={"who": "nobody"})
    done = aws.run([definition], machine("a", a=submit("a", env={"Y": "2"}, arguments={"Parameters": {"who": "me"}})))
    [ran] = done.ran
    assert (ran.command, ran.printed) == (("sh", "-c", "echo me $X $Y"), "me 1 2\n")
    assert {name: value for name, value in ran.env.items() if name in ("X", "Y", "EMPTY")} == {"X": "1", "Y": "2"}
    assert ran.env["AWS_BATCH_JOB_ATTEMPT"] == "1"
    assert "AWS_BATCH_JOB_ARRAY_INDEX" not in ran.env
    assert ran.env["MANAGED_BY_AWS"] == "STARTED_BY_STEP_FUNCTIONS"


def test_retry_by_exit_code(aws: Aws) -> None:
    entries = [{"onExitCode": "4*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
    strategy = {"attempts": 4, "evaluateOnExit": entries}
    script = "case $AWS_BATCH_JOB_ATTEMPT in 1) exit 4;; 2) exit 42;; *) exit 3;; esac"
    done = aws.run([shell("a", script, retryStrategy=strategy)], machine("a", a=submit("a")))
    assert (done.status, [ran.exit_code for ran in done.ran]) == ("FAILED", [4, 42, 3])
    assert done.names() == ["a", "a#2", "a#3"]
    assert [ran.attempt for ran in done.ran] == [1, 2, 3]
    attempts = json.loads(str(done.cause))["Attempts"]
    assert [attempt["Container"]["ExitCode"] for attempt in attempts] == [4, 42, 3]


def test_no_match_is_another_attempt(aws: Aws) -> None:
    strategy = {"attempts": 2, "evaluateOnExit": [{"onExitCode": "9", "action": "EXIT"}]}
    done = aws.run([shell("a", "exit 1", retryStrategy=strategy)], machine("a", a=submit("a")))
    assert [ran.exit_code for ran in done.ran] == [1, 1]


def test_a_job_times_out_and_is_not_tried_again(tmp_path: Path) -> None:
    definition = shell("a", "sleep 60", timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 3})
    with Aws(tmp_path, second=0.005) as aws:
        done = aws.run([definition], machine("a", a=submit("a")))
    assert (done.status, [ran.exit_code for ran in done.ran]) == ("FAILED", [143])
    assert json.loads(str(done.cause))["StatusReason"] == "Job attempt duration exceeded timeout"


def test_a_job_that_ignores_the_end_of_its_time_is_killed(tmp_path: Path) -> None:
    definition = shell("a", "trap '' TERM; while :; do sleep 0.01; done", timeout={"attemptDurationSeconds": 60})
    with Aws(tmp_path, second=0.005) as aws:
        done = aws.run([definition], machine("a", a=submit("a")))
    assert [ran.exit_code for ran in done.ran] == [137]


@pytest.mark.parametrize(("command", "said"), [((), "no command"), (("nope",), "executable file not found")])
def test_a_container_that_cannot_start(aws: Aws, command: tuple[str, ...], said: str) -> None:
    done = aws.run([job("a", *command)], machine("a", a=submit("a")))
    cause = json.loads(str(done.cause))
    assert (done.error, cause["StatusReason"]) == ("States.TaskFailed", "Task failed to start")
    assert cause["Container"]["Reason"].startswith("CannotStartContainerError: ")
    assert said in cause["Container"]["Reason"]
    assert "ExitCode" not in cause["Container"]
    assert [ran.exit_code for ran in done.ran] == [None]


# Arrays, and what waits for what.


def test_array(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "meet").mkdir()
    script = WAIT_FOR.replace("$1", "$AWS_BATCH_JOB_ARRAY_INDEX").replace("$2", "$AWS_BATCH_JOB_ARRAY_SIZE")
    definition = shell("a", script, env={"MEET": str(tmp_path / "meet")})
    done = aws.run([definition], machine("a", a=submit("a", arguments={"ArrayProperties": {"Size": 3}})))
    assert (done.status, sorted(map(_index, done.ran)), at_once(done.ran)) == ("SUCCEEDED", [0, 1, 2], 3)
    assert sorted(done.names()) == ["a[0]", "a[1]", "a[2]"]
    assert done.output["ArrayProperties"]["StatusSummary"]["SUCCEEDED"] == 3


def test_an_array_fails_with_a_child_and_the_others_run_on(aws: Aws) -> None:
    script = "[ $AWS_BATCH_JOB_ARRAY_INDEX != 1 ]"
    done = aws.run([shell("a", script)], machine("a", a=submit("a", arguments={"ArrayProperties": {"Size": 3}})))
    assert (done.status, done.error) == ("FAILED", "States.TaskFailed")
    assert sorted((_index(ran), ran.exit_code) for ran in done.ran) == [(0, 0), (1, 1), (2, 0)]
    assert json.loads(str(done.cause))["StatusReason"] == "Array Child Job failed"


def test_children_are_bounded(tmp_path: Path) -> None:
    with Aws(tmp_path, slots=2) as aws:
        aws.register([job("a", "true")])
        parent = _submitted(aws, "a", arrayProperties={"size": 7})
        aws.jobs.wait(30)
        assert (len(aws.jobs.ran), at_once(aws.jobs.ran) <= 2) == (7, True)
        summary = _job(aws, parent)["arrayProperties"]["statusSummary"]
        assert summary["SUCCEEDED"] == 7
        assert len(aws.client("batch").list_jobs(arrayJobId=parent)["jobSummaryList"]) == 7


def test_dependencies(aws: Aws) -> None:
    aws.register([job("a", "true"), job("b", "true"), job("c", "true")])
    one = _submitted(aws, "a", arrayProperties={"size": 4}, dependsOn=[{"type": "SEQUENTIAL"}])
    two = _submitted(aws, "b", arrayProperties={"size": 4}, dependsOn=[{"jobId": one, "type": "N_TO_N"}])
    _submitted(aws, "c", dependsOn=[{"jobId": one}, {"jobId": two}])
    aws.jobs.wait(30)
    ran = {(each.job, each.index): each for each in aws.jobs.ran}
    assert all(ran["a", index].ended < ran["a", index + 1].started for index in range(3))
    assert all(ran["a", index].ended < ran["b", index].started for index in range(4))
    assert ran["c", None].started > max(each.ended for key, each in ran.items() if key != ("c", None))


def test_a_failed_dependency_fails_what_waits(aws: Aws) -> None:
    aws.register([job("a", "false"), job("b", "true")])
    first = _submitted(aws, "a")
    second = _submitted(aws, "b", dependsOn=[{"jobId": first}])
    aws.jobs.wait(30)
    assert [each.job for each in aws.jobs.ran] == ["a"]
    assert (_job(aws, second)["status"], _job(aws, second)["statusReason"]) == ("FAILED", "Dependent Job failed")


def test_a_job_is_terminated(aws: Aws) -> None:
    aws.register([shell("a", "sleep 60", retryStrategy={"attempts": 2})])
    name = _submitted(aws, "a")
    aws.client("batch").terminate_job(jobId=name, reason="enough")
    aws.jobs.wait(30)
    assert (_job(aws, name)["status"], _job(aws, name)["statusReason"]) == ("FAILED", "enough")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"arrayProperties": {"size": 1}}, "arrayProperties.size: 1"),
        ({"dependsOn": [{"jobId": "nobody"}]}, "no job 'nobody'"),
        ({"containerOverrides": {"environment": pairs({"AWS_BATCH_X": ""})}}, "variable 'AWS_BATCH_X'"),
        ({"containerOverrides": {"command": [""]}}, "an empty string"),
        ({"ecsPropertiesOverride": {"taskProperties": []}}, "ecsPropertiesOverride"),
    ],
)
def test_what_batch_refuses(aws: Aws, said: dict[str, Any], why: str) -> None:
    aws.register([job("a", "true")])
    with pytest.raises(ClientError, match="ClientException") as error:
        _submitted(aws, "a", **said)
    assert why in str(error.value)


def test_long_overrides_fail_the_job(aws: Aws) -> None:
    done = aws.run([job("a", "true")], machine("a", a=submit("a", env={"X": "x" * 9000})))
    assert json.loads(str(done.cause))["StatusReason"] == "Container Overrides length must be at most 8192"
    assert done.ran == []


# Several containers.


def test_a_helper_runs_after_main_and_knows_how_it_ended(aws: Aws) -> None:
    """The helper is the essential one, as AWS asks for: it hands main's exit code on."""
    aws.s3.create_bucket(Bucket="bucket")
    carry = (
        "import boto3, json, os, sys, urllib.request as u\n"
        "task = json.load(u.urlopen(os.environ['ECS_CONTAINER_METADATA_URI_V4'] + '/task'))\n"
        "boto3.client('s3').upload_file('/dragoman/outputs/n', 'bucket', 'n')\n"
        "sys.exit(next(one['ExitCode'] for one in task['Containers'] if one['Name'] == 'main'))\n"
    )
    place = mount("outputs", "/dragoman/outputs")
    main = container(
        "main", "echo 4 > $OUT/n; exit $CODE", environment=pairs({"OUT": "/dragoman/outputs"}), mountPoints=place
    )
    main["essential"] = False
    helper = container("carry", "", command=["python", "-c", carry], mountPoints=place, dependsOn=after("main"))
    strategy = {
        "attempts": 2,
        "evaluateOnExit": [{"onExitCode": "5", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}],
    }
    definition = several("a", main, helper, volumes=("outputs",), retryStrategy=strategy)
    override = {"TaskProperties": [{"Containers": [{"Name": "main", "Environment": [{"Name": "CODE", "Value": "5"}]}]}]}
    done = aws.run([definition], machine("a", a=submit("a", arguments={"EcsPropertiesOverride": override})))
    assert (done.status, done.names()) == ("FAILED", ["a", "a/carry", "a#2", "a#2/carry"])
    assert [ran.exit_code for ran in done.ran] == [5, 5, 5, 5]
    assert [ran.said for ran in done.ran] == [""] * 4
    assert aws.s3.get_object(Bucket="bucket", Key="n")["Body"].read() == b"4\n"


def test_an_essential_container_ends_the_others(aws: Aws) -> None:
    helper = container(
        "helper", "trap 'echo bye; exit 0' TERM; touch /s/up; while :; do sleep 0.01; done", essential=False
    )
    main = container("main", "while [ ! -e /s/up ]; do sleep 0.01; done; exit 3", dependsOn=after("helper", "START"))
    for one in (helper, main):
        one["mountPoints"] = mount("s", "/s")
    done = aws.run([several("a", helper, main, volumes=("s",))], machine("a", a=submit("a")))
    assert {(ran.container, ran.exit_code, ran.printed) for ran in done.ran} == {
        ("main", 3, ""),
        ("helper", 0, "bye\n"),
    }
    assert done.error == "States.TaskFailed"


def test_a_container_waits_for_another_to_succeed(aws: Aws) -> None:
    stage = container("stage", "exit $CODE", essential=False)
    definition = several("a", stage, container("main", "true", dependsOn=after("stage", "SUCCESS")))

    def coded(name: str, code: str) -> dict[str, Any]:
        one = {"Name": "stage", "Environment": [{"Name": "CODE", "Value": code}]}
        override = {"TaskProperties": [{"Containers": [one]}]}
        return {**machine("a", a=submit("a", arguments={"EcsPropertiesOverride": override})), "name": name}

    assert aws.run([definition], coded("good", "0")).names() == ["a/stage", "a"]
    done = aws.run([definition], coded("bad", "1"))
    assert (done.status, done.names()) == ("FAILED", ["a/stage"])


@pytest.mark.parametrize(
    ("containers", "why"),
    [
        ([container("a", "x"), container("b", "x", dependsOn=after("a"))], "cannot be an essential container"),
        ([container("a", "x", essential=False)], "at least one essential container"),
        ([container("a", "x", mountPoints=mount("v", "/v"))], "which is no volume"),
        ([container("a", "x", dependsOn=after("z", "START"))], "depends on 'z'"),
    ],
)
def test_what_batch_refuses_of_containers(aws: Aws, containers: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ClientError, match=why):
        aws.register([several("a", *containers)])


def test_dragoman_is_in_its_image(tmp_path: Path) -> None:
    with Aws(tmp_path, entrypoints={"dragoman:1": ("dragoman",)}) as aws:
        plain, own = job("a", "dragoman", "--version"), job("b", "--version")
        own["containerProperties"]["image"] = "dragoman:1"
        done = aws.run([plain, own], machine("a", a=submit("a", Next="b"), b=submit("b")))
    here = subprocess.run([sys.executable, "-m", "dragoman", "--version"], capture_output=True, text=True, check=True)
    assert [ran.printed for ran in done.ran] == [here.stdout] * 2


def test_file_systems_outlast_jobs(aws: Aws) -> None:
    definitions = [shell("a", "echo 1 >> /data/x"), shell("b", "cat /data/x; cat /data/y || true")]
    for one in definitions:
        one["containerProperties"]["mountPoints"] = mount("v", "/data")
        one["containerProperties"]["volumes"] = [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]
    done = aws.run(definitions, machine("a", a=submit("a", Next="b"), b=submit("b")))
    assert (done.ran[1].printed, done.ran[1].said) == ("1\n", "cat: /data/y: No such file or directory\n")


# The harness itself.


def test_one_harness_after_the_other(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with Aws(tmp_path / name) as aws:
            assert aws.s3.list_buckets()["Buckets"] == []
            aws.s3.create_bucket(Bucket="bucket")
            done = aws.run([shell("a", "true")], machine("a", a=submit("a")))
            assert (done.status, len(done.ran), aws.jobs.definitions["a"][0].revision) == ("SUCCEEDED", 1, 1)


def test_what_runs_when_a_test_ends_is_ended(tmp_path: Path) -> None:
    with Aws(tmp_path) as aws:
        aws.register([shell("a", "sleep 60")])
        aws.queue("q")
        states = aws.client("stepfunctions")
        arn = states.create_state_machine(**machine("a", a=submit("a")))["stateMachineArn"]
        states.start_execution(stateMachineArn=arn, input="{}")
        _submitted(aws, "a")
        jobs = aws.jobs
    assert all(job.ended.is_set() for job in jobs.jobs.values())
    assert {ran.exit_code for ran in jobs.ran} <= {143}
