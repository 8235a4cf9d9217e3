package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// "CGO_ENABLED=0 go test -trimpath ." finds what the build script has compiled; other flags compile it all again.

// TestMain lets the test binary be the components that it starts, and points at the CRD of the very JobSet module that
// is compiled in.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{apiServer, controllers}, os.Args[1]) {
		main()
	}
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/jobset").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "where is the module of JobSet?", err)
		os.Exit(1)
	}
	os.Setenv("CLUSTER_CRDS", filepath.Join(strings.TrimSpace(string(module)), "config/components/crd/bases"))
	os.Exit(m.Run())
}

const (
	tight   = `{"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}`
	podSpec = `{"restartPolicy": "Never", "containers": [{"name": "main", "image": "x", "securityContext": ` + tight + `}]}`
)

// kind is a manifest with some more fields.
func kind(version, name, fields string) string {
	return fmt.Sprintf(`{"apiVersion": %q, "kind": %q, "metadata": {"name": "a"}, %s}`, version, name, fields)
}

// batchJob is a Job whose spec has some more fields.
func batchJob(fields string) string {
	return kind("batch/v1", "Job", fmt.Sprintf(`"spec": {%s "template": {"spec": %s}}`, fields, podSpec))
}

// cronJob is a CronJob whose spec has some more fields.
func cronJob(fields string) string {
	return kind("batch/v1", "CronJob", fmt.Sprintf(`"spec": {%s, "jobTemplate": {"spec": {"template": {"spec": %s}}}}`, fields, podSpec))
}

// jobSet is a JobSet whose spec, first group's Job and further groups have some more fields.
func jobSet(fields, job string, groups ...string) string {
	var all []string
	for i, group := range append([]string{""}, groups...) {
		all = append(all, fmt.Sprintf(`{%s "name": "g%d", "template": {"spec": {%s "template": {"spec": %s}}}}`, group, i, job, podSpec))
	}
	return kind("jobset.x-k8s.io/v1alpha2", "JobSet", fmt.Sprintf(`"spec": {%s "replicatedJobs": [%s]}`, fields, strings.Join(all, ", ")))
}

func TestJudge(t *testing.T) {
	const role = "rbac.authorization.k8s.io/v1"
	for name, test := range map[string]struct{ object, want string }{
		"Job":                  {batchJob(""), ""},
		"unknown field":        {batchJob(`"backofLimit": 1,`), `unknown field "spec.backofLimit"`},
		"duplicate field":      {batchJob(`"backoffLimit": 1, "backoffLimit": 2,`), `duplicate field "spec.backoffLimit"`},
		"case of a field":      {batchJob(`"BackoffLimit": 1,`), `unknown field "spec.BackoffLimit"`},
		"type of a field":      {batchJob(`"backoffLimit": "1",`), "cannot unmarshal string"},
		"value of a field":     {batchJob(`"backoffLimit": -1,`), "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"},
		"CronJob":              {cronJob(`"schedule": "1 2 * * *", "timeZone": "Europe/Berlin"`), ""},
		"schedule":             {cronJob(`"schedule": "61 * * * *"`), "spec.schedule: Invalid value"},
		"time zone":            {cronJob(`"schedule": "1 * * * *", "timeZone": "Mars/Utopia"`), "spec.timeZone: Invalid value"},
		"Pod":                  {kind("v1", "Pod", `"spec": `+podSpec), ""},
		"no container":         {kind("v1", "Pod", `"spec": {"containers": []}`), "spec.containers: Required value"},
		"ConfigMap":            {kind("v1", "ConfigMap", `"data": {"k": "v"}`), ""},
		"key":                  {kind("v1", "ConfigMap", `"data": {"a/b": "v"}`), "data[a/b]: Invalid value"},
		"ServiceAccount":       {kind("v1", "ServiceAccount", `"automountServiceAccountToken": false`), ""},
		"Role":                 {kind(role, "Role", `"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]`), ""},
		"no verb":              {kind(role, "Role", `"rules": [{"apiGroups": [""], "resources": ["pods"]}]`), "rules[0].verbs: Required value"},
		"JobSet":               {jobSet("", ""), ""},
		"JobSet's field":       {jobSet(`"foo": 1,`, ""), `unknown field "spec.foo"`},
		"JobSet's schema":      {jobSet(`"successPolicy": {"operator": "Most"},`, ""), "spec.successPolicy.operator: Unsupported value"},
		"JobSet's CEL":         {jobSet(`"startupPolicy": {"startupPolicyOrder": "InOrder"},`, "", `"dependsOn": [{"name": "g0", "status": "Complete"}],`), "StartupPolicy and DependsOn APIs are mutually exclusive"},
		"JobSet's webhook":     {jobSet(`"successPolicy": {"operator": "All", "targetReplicatedJobs": ["h"]},`, ""), "invalid replicatedJob name 'h'"},
		"JobSet's Job":         {jobSet("", `"backoffLimit": -1,`), "spec.replicatedJobs[0].template: spec.backoffLimit: Invalid value"},
		"JobSet's Job's field": {jobSet("", `"backofLimit": 1,`), `unknown field "spec.replicatedJobs[0].template.spec.backofLimit"`},
		"unknown kind":         {kind("v2", "Pod", `"spec": {}`), `no judge for kind "Pod" of "v2"`},
		"no kind":              {`{}`, `no judge for kind "" of ""`},
		"no object":            {`frob`, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			v := verdictOn(t, test.object)
			if test.want == "" {
				if len(v.Errors)+len(v.Warnings)+len(v.Restricted) > 0 {
					t.Errorf("%s\n%v", test.object, v)
				}
				return
			}
			if !strings.Contains(strings.Join(v.Errors, "\n"), test.want) {
				t.Errorf("%s\n%v, want %s", test.object, v, test.want)
			}
		})
	}
}

func TestJudgeWarns(t *testing.T) {
	loose := `{"containers": [{"name": "main", "image": "x", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}]}`
	v := verdictOn(t, kind("v1", "Pod", `"spec": `+loose))
	if len(v.Errors) > 0 || len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "hides previous definition") {
		t.Errorf("%v", v)
	}
	if !strings.Contains(strings.Join(v.Restricted, "\n"), "runAsNonRoot != true") {
		t.Errorf("%v", v)
	}
}

func verdictOn(t *testing.T, object string) (v verdict) {
	t.Helper()
	var out, err bytes.Buffer
	if status := run([]string{"judge"}, streams{strings.NewReader(object), &out, &err}); status != 0 {
		t.Fatalf("status %d: %s", status, err.String())
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWhatCannotBeAsked(t *testing.T) {
	for _, args := range [][]string{{}, {"frob"}, {"serve"}, {"serve", "a", "b"}, {"serve", "-x", "a"}, {"judge", "x"}} {
		if status := run(args, streams{strings.NewReader(""), io.Discard, io.Discard}); status != 2 {
			t.Errorf("%v: status %d, want 2", args, status)
		}
	}
}

// That the parts work is what "ready" says; that they are gone is what ending means.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	in, stop := io.Pipe()
	out, told := io.Pipe()
	status := make(chan int)
	go func() {
		status <- run([]string{"serve", "-job-batch", "10ms", dir}, streams{in, told, os.Stderr})
		told.Close()
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("status %d: %q %v", <-status, line, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kubeconfig")); err != nil {
		t.Error(err)
	}
	stop.Close()
	if got := <-status; got != 0 {
		t.Errorf("status %d, want 0", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "etcd")); !os.IsNotExist(err) {
		t.Errorf("etcd's data are left behind: %v", err)
	}
}
